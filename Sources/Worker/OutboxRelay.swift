import Catalog
import ImageJobs
import ImageModel
import JobMessages
import Logging

/// Carries the outbox to the broker: every entry at least once, one image's events in order.
///
/// An entry is marked only after the broker's confirm, so a crash in between sends it again under the same id.
struct OutboxRelay<Exchange: EventExchange>: Sendable {
    let exchange: Exchange
    let encoder: CloudEventEncoder
    let catalog: ImageCatalog
    let worker: WorkerID
    let plan: WorkerPlan
    let time: any TimeSource
    let random: any RandomSource
    let wakeUp: WakeUp
    let pulse: Pulse
    let logger: Logger

    /// How long events wait when the relaying worker dies. Prolonged while a batch is on its way, however long it takes.
    private let roleDuration = Duration.seconds(5)
    private let backoff = Backoff(base: .milliseconds(100), max: .seconds(5))

    /// Relays until `drain` is asked for, then what is left; at once no more when the task is cancelled.
    ///
    /// To drain by cancelling would cut publishes off before their confirms, and those events would be sent twice.
    func run(until drain: DrainRequest) async {
        var course = RelayCourse(backoff: backoff)
        var failures = 0
        var roleAsked: Duration?
        // What is left by workers that died can wait as long as their role; each tells its own relay of the rest.
        var pace = IdlePace(from: plan.poll, to: plan.idlePoll)
        while !Task.isCancelled, !drain.isRequested {
            pulse.beat(.relay, at: time.now())
            switch await relayPage(&course, &roleAsked) {
            case .idle:
                failures = 0
                if await wakeUp.wait(atMost: pause(course, atMost: pace.next()), time: time) { pace.reset() }
            case .othersTurn:
                failures = 0
                pace.reset()
                await pauseWhileOthersRelay(until: drain)
            case .progressed:
                failures = 0
                pace.reset()
            case .failed:
                failures += 1
                try? await time.sleep(for: backoff.delay(after: failures, random: random))
            }
        }
        // Once more from the front, with what is stuck.
        var last = RelayCourse(backoff: backoff)
        while case .progressed = await relayPage(&last, &roleAsked, triesAgain: false) {}
        _ = try? await catalog.holdRole(Self.role, as: worker, for: .zero)
    }

    private static var role: String { "relay" }

    /// Until the next look: until what is stuck is to be tried again, and never so long that the role would be lost and
    /// another relay begin with it all.
    private func pause(_ course: RelayCourse, atMost limit: Duration) -> Duration {
        course.pause(at: time.now()).map { min(limit, max($0, .milliseconds(1)), roleDuration / 3) } ?? limit
    }

    private enum Round {
        /// There is nothing to send now.
        case idle
        /// There is, and another worker has the role.
        case othersTurn
        /// A page was sent as far as it could be.
        case progressed
        /// The catalog is away.
        case failed
    }

    /// Who has the role looks twice a second and will find what is written here meanwhile: to ask for the role with every
    /// job would only be in its way.
    private func pauseWhileOthersRelay(until drain: DrainRequest) async {
        let end = time.now() + plan.poll
        while !Task.isCancelled, !drain.isRequested, time.now() < end {
            await wakeUp.wait(atMost: end - time.now(), time: time)
        }
    }

    /// - Parameter roleAsked: When the role was asked for that this worker has; nil while it has none.
    private func relayPage(
        _ course: inout RelayCourse, _ roleAsked: inout Duration?, triesAgain: Bool = true
    ) async -> Round {
        let begun = time.now()
        let (range, isRetry) = triesAgain ? course.next(at: begun) : (course.untried, false)
        do {
            // Until it is prolonged with the next page there is a third of it left.
            if roleAsked.map({ begun - $0 >= roleDuration / 3 }) ?? true {
                roleAsked = nil
                // Whoever has nothing to send wants no role; who has stuck entries keeps it.
                if !course.isStuck, try await isEmpty(range) { return .idle }
                let asked = time.now()
                guard try await catalog.holdRole(Self.role, as: worker, for: roleDuration) else { return .othersTurn }
                roleAsked = asked
            }
            let page = try await catalog.read { try $0.unpublished(in: range) }
            let sent = page.entries.isEmpty ? [] : await send(page.entries)
            if !sent.isEmpty {
                try await catalog.markPublished(sent.map(\.number), unrouted: sent.filter(\.isUnrouted).map(\.number))
            }
            course.note(
                page, sent: sent.count, isRetry: isRetry, begun: begun, now: time.now(), random: random)
            // Whoever had the role until now may have sent it all meanwhile.
            return page.last == nil && !isRetry ? .idle : .progressed
        } catch {
            logger.error("The outbox cannot be relayed", metadata: ["error": "\(error)"])
            return .failed
        }
    }

    private func isEmpty(_ range: OutboxRange) async throws -> Bool {
        var first = range
        first.limit = 1
        return try await catalog.read { [first] in try $0.unpublished(in: first) }.last == nil
    }

    private struct Sent: Sendable {
        let number: Int64
        let isUnrouted: Bool
    }

    /// What became of a chain: what was sent, and what it stopped at.
    private struct ChainResult: Sendable {
        var sent: [Sent] = []
        var failure: (event: EventID, error: EventExchangeError)?
    }

    /// Sends chains side by side, for as long as the role is ours; within a chain an entry waits for the confirm of the
    /// one before it.
    private func send(_ batch: [OutboxEntry]) async -> [Sent] {
        let chains = OutboxChains.split(batch)
        return await withTaskGroup(of: ChainResult?.self) { group in
            for chain in chains {
                group.addTask { await send(chain: chain) }
            }
            group.addTask {
                await keepRole()
                return nil
            }
            var sent: [Sent] = []
            var failures: [(event: EventID, error: EventExchangeError)] = []
            var open = chains.count
            for await result in group {
                sent += result?.sent ?? []
                if let failure = result?.failure { failures.append(failure) }
                open -= result == nil ? 0 : 1
                // All is sent, or somebody else relays by now.
                if open == 0 || result == nil { group.cancelAll() }
            }
            // One line, however many wait for a broker that is away.
            if let first = failures.first {
                logger.warning(
                    "Events are not confirmed; they will be sent again",
                    metadata: ["count": "\(failures.count)", "event-id": "\(first.event)", "error": "\(first.error)"])
            }
            return sent.sorted { $0.number < $1.number }
        }
    }

    /// Prolongs the role until the task is cancelled; returns before that only when another worker has it.
    private func keepRole() async {
        while true {
            guard (try? await time.sleep(for: roleDuration / 3)) != nil else { return }
            // While the catalog is away nobody else can take the role either.
            let isHeld = try? await catalog.holdRole(Self.role, as: worker, for: roleDuration)
            if isHeld == false { return }
        }
    }

    private func send(chain: [OutboxEntry]) async -> ChainResult {
        var result = ChainResult()
        for entry in chain {
            do throws(EventExchangeError) {
                let routing = try await send(entry)
                result.sent.append(Sent(number: entry.number, isUnrouted: routing == .unrouted))
            } catch {
                result.failure = (entry.event.id, error)
                break
            }
        }
        return result
    }

    private func send(_ entry: OutboxEntry) async throws(EventExchangeError) -> Routing {
        switch entry.destination {
        case .events: return try await exchange.publish(encoder.encode(entry.event))
        case .reply(let queue, let correlationID):
            return try await exchange.reply(
                encoder.encodeReply(entry.event, replyTo: queue, correlationID: correlationID), to: queue)
        case .deadLetter(let letter):
            return try await exchange.bury(
                BuriedMessage(
                    body: letter.body, routingKey: letter.routingKey, contentType: letter.contentType,
                    messageID: letter.messageID, correlationID: letter.correlationID, replyTo: letter.replyTo,
                    headers: entry.event.data.error.map { DeadLetterHeaders.headers(for: $0) } ?? [:]))
        }
    }
}

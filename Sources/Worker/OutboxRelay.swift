import Catalog
import ImageJobs
import ImageModel
import JobMessages
import Logging
import Synchronization

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
        let term = RoleTerm()
        // What is left by workers that died can wait as long as their role; each tells its own relay of the rest.
        var pace = IdlePace(from: plan.poll, to: plan.idlePoll)
        while !Task.isCancelled, !drain.isRequested {
            pulse.beat(.relay, at: time.now())
            switch await relayPage(&course, during: term) {
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
        while case .progressed = await relayPage(&last, during: term, triesAgain: false) {}
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

    /// Asks for the role when less than two thirds of its term are left: it is prolonged while entries are on their way.
    private func relayPage(
        _ course: inout RelayCourse, during term: RoleTerm, triesAgain: Bool = true
    ) async -> Round {
        let begun = time.now()
        let (range, isRetry) = triesAgain ? course.next(at: begun) : (course.untried, false)
        do {
            if term.end - begun <= roleDuration / 3 * 2 {
                // Whoever has nothing to send wants no role; who has stuck entries keeps it.
                if !course.isStuck, try await isEmpty(range) { return .idle }
                guard try await holdRole(prolonging: term) else { return .othersTurn }
            }
            let page = try await read(range)
            let (sent, isCutShort) = page.entries.isEmpty ? ([], false) : await send(page.entries, during: term)
            if !sent.isEmpty { try await mark(sent) }
            // What was not begun is not stuck.
            if isCutShort { return .progressed }
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
        return try await read(first).last == nil
    }

    private func read(_ range: OutboxRange) async throws(CatalogError) -> OutboxPage {
        try await pulse.asking(.relay, time) { () throws(CatalogError) in
            try await catalog.read { try $0.unpublished(in: range) }
        }
    }

    private func mark(_ sent: [Sent]) async throws(CatalogError) {
        try await pulse.asking(.relay, time) { () throws(CatalogError) in
            try await catalog.markPublished(sent.map(\.number), unrouted: sent.filter(\.isUnrouted).map(\.number))
        }
    }

    /// Takes or prolongs the role; false when another worker has it.
    private func holdRole(prolonging term: RoleTerm) async throws(CatalogError) -> Bool {
        // Counted from before the request was sent: the catalog counts from when it got it.
        let asked = time.now()
        let isHeld = try await pulse.asking(.relay, time) { () throws(CatalogError) in
            try await catalog.holdRole(Self.role, as: worker, for: roleDuration)
        }
        term.end = isHeld ? asked + roleDuration : .zero
        return isHeld
    }

    private struct Sent: Sendable {
        let number: Int64
        let isUnrouted: Bool
    }

    /// What became of a chain: what was sent, and what it stopped at.
    private struct ChainResult: Sendable {
        var sent: [Sent] = []
        var failure: (event: EventID, error: EventExchangeError)?
        /// Whether the role may have been over before the end.
        var isCutShort = false
    }

    /// Sends chains side by side, for as long as the role is ours; within a chain an entry waits for the confirm of the
    /// one before it.
    private func send(_ batch: [OutboxEntry], during term: RoleTerm) async -> (sent: [Sent], isCutShort: Bool) {
        let chains = OutboxChains.split(batch)
        return await withTaskGroup(of: ChainResult?.self) { group in
            for chain in chains {
                group.addTask { await send(chain: chain, during: term) }
            }
            group.addTask {
                await keepRole(prolonging: term)
                return nil
            }
            var sent: [Sent] = []
            var failures: [(event: EventID, error: EventExchangeError)] = []
            var open = chains.count
            var isCutShort = false
            for await result in group {
                sent += result?.sent ?? []
                isCutShort = isCutShort || result?.isCutShort ?? (open > 0)
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
            return (sent.sorted { $0.number < $1.number }, isCutShort)
        }
    }

    /// Prolongs the role until the task is cancelled; returns before that only when another worker has it.
    private func keepRole(prolonging term: RoleTerm) async {
        while true {
            guard (try? await time.sleep(for: roleDuration / 3)) != nil else { return }
            // While the catalog does not answer, what is on its way may arrive; nothing more is begun than the term allows.
            if (try? await holdRole(prolonging: term)) == false { return }
        }
    }

    private func send(chain: [OutboxEntry], during term: RoleTerm) async -> ChainResult {
        var result = ChainResult()
        for entry in chain {
            guard time.now() < term.end else {
                result.isCutShort = true
                break
            }
            defer { pulse.beat(.relay, at: time.now()) }
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

/// Until when the role is surely ours, on our own clock: whoever cannot reach the catalog does not hear that it has passed
/// to another.
private final class RoleTerm: Sendable {
    private let state = Mutex(Duration.zero)

    var end: Duration {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

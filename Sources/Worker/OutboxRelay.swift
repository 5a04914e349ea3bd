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

    private let batchLimit = 256
    /// How long events wait when the relaying worker dies. Prolonged while a batch is on its way, however long it takes.
    private let roleDuration = Duration.seconds(5)
    private let backoff = Backoff(base: .milliseconds(100), max: .seconds(5))

    /// Relays until `drain` is asked for, then what is left; at once no more when the task is cancelled.
    ///
    /// To drain by cancelling would cut publishes off before their confirms, and those events would be sent twice.
    func run(until drain: DrainRequest) async {
        var failures = 0
        var roleAsked: Duration?
        // What is left by workers that died can wait as long as their role; each tells its own relay of the rest.
        var pace = IdlePace(from: plan.poll, to: plan.idlePoll)
        while !Task.isCancelled, !drain.isRequested {
            pulse.beat(.relay, at: time.now())
            switch await relayBatch(&roleAsked) {
            case .idle:
                failures = 0
                if await wakeUp.wait(atMost: pace.next(), time: time) { pace.reset() }
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
        while case .progressed = await relayBatch(&roleAsked) {}
        _ = try? await catalog.holdRole(Self.role, as: worker, for: .zero)
    }

    private static var role: String { "relay" }

    private enum Round {
        /// There is nothing to send.
        case idle
        /// There is, and another worker has the role.
        case othersTurn
        case progressed
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
    private func relayBatch(_ roleAsked: inout Duration?) async -> Round {
        do {
            let limit = batchLimit
            // Until it is prolonged with the next batch there is a third of it left.
            if roleAsked.map({ time.now() - $0 >= roleDuration / 3 }) ?? true {
                roleAsked = nil
                guard try await catalog.read({ try $0.unpublished(limit: 1) }).isEmpty == false else { return .idle }
                let asked = time.now()
                guard try await catalog.holdRole(Self.role, as: worker, for: roleDuration) else { return .othersTurn }
                roleAsked = asked
            }
            let batch = try await catalog.read { try $0.unpublished(limit: limit) }
            // Whoever had the role until now may have sent it all meanwhile.
            guard !batch.isEmpty else { return .idle }
            let sent = await send(batch)
            try await catalog.markPublished(sent.map(\.number), unrouted: sent.filter(\.isUnrouted).map(\.number))
            // What is stuck alone, for example on account of a full queue, must not slow down the rest.
            return sent.isEmpty ? .failed : .progressed
        } catch {
            logger.error("The outbox cannot be relayed", metadata: ["error": "\(error)"])
            return .failed
        }
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

/// Which entries of the outbox must follow which.
enum OutboxChains {
    /// The events of one image form a chain; everything else stands alone.
    static func split(_ batch: [OutboxEntry]) -> [[OutboxEntry]] {
        var chains: [[OutboxEntry]] = []
        var places: [ImageID: Int] = [:]
        for entry in batch {
            guard entry.destination == .events, entry.event.sequence != nil, let image = entry.event.imageID else {
                chains.append([entry])
                continue
            }
            if let place = places[image] {
                chains[place].append(entry)
            } else {
                places[image] = chains.count
                chains.append([entry])
            }
        }
        return chains
    }
}

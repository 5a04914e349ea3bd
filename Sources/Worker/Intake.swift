import Catalog
import ImageModel
import JobMessages
import Logging

/// Brings messages from the broker into the catalog: a batch, a commit, an acknowledgement.
///
/// A crash before the commit leaves the messages on the broker; one after it delivers them again, and the catalog knows
/// them by their ids.
struct Intake<Queues: JobQueues>: Sendable {
    let queues: Queues
    let gate: IntakeGate<Queues>
    let catalog: ImageCatalog
    let plan: WorkerPlan
    let time: any TimeSource
    let logger: Logger
    /// Called after a commit that may have made jobs or outbox entries, with the kinds that were taken in.
    let didAccept: @Sendable (Set<JobKind>) -> Void

    /// The largest batch: enough to share one commit among many messages, small enough to be quick.
    private let batchLimit = 100
    /// The most bytes of bodies in one commit, beyond which the next one begins: each may become a row several times as
    /// long, and nobody else may write as long as it lasts.
    private let byteLimit = 4 << 20
    /// How long a commit is tried again while the deliveries are held.
    private let patience = Duration.seconds(60)

    /// Takes messages in until the queues end or the task is cancelled.
    func run() async {
        while true {
            let batch = await queues.nextDeliveries(upTo: batchLimit)
            guard !batch.isEmpty else { return }
            for part in parts(of: batch) {
                // What comes behind was given back as well.
                guard await takeIn(part) else { break }
            }
        }
    }

    private func parts(of batch: [JobDelivery<Queues.DeliveryID>]) -> [[JobDelivery<Queues.DeliveryID>]] {
        var parts: [[JobDelivery<Queues.DeliveryID>]] = []
        var bytes = 0
        for delivery in batch {
            if parts.isEmpty || bytes >= byteLimit {
                parts.append([])
                bytes = 0
            }
            parts[parts.count - 1].append(delivery)
            if case .message(let message) = delivery.content { bytes += message.body.count }
        }
        return parts
    }

    /// - Returns: Whether the deliveries were acknowledged.
    private func takeIn(_ batch: [JobDelivery<Queues.DeliveryID>]) async -> Bool {
        var items: [Received] = []
        for delivery in batch {
            switch delivery.content {
            case .message(let message): items.append(Received(delivery: delivery.id, item: item(for: message)))
            case .oversized(let bytes):
                logger.warning("A message is too large and was rejected", metadata: ["bytes": "\(bytes)"])
                await queues.reject(delivery.id)
            }
        }
        guard await commit(items) else { return false }
        // First of all: a running job may have to end.
        didAccept(Set(items.compactMap(\.item.kind)))
        // The gate before the acknowledgement: otherwise the broker would fill the prefetch again before it hears that
        // no more is wanted.
        await gate.adjust()
        await queues.acknowledge(batch.map(\.id))
        return true
    }

    private struct Received {
        let delivery: Queues.DeliveryID
        let item: IntakeItem
    }

    private func item(for message: IncomingMessage) -> IntakeItem {
        let replyTo = message.replyTo.flatMap { plan.mayReply(to: $0) ? $0 : nil }
        let original = DeadLetter(
            body: message.body, routingKey: message.routingKey, contentType: message.contentType,
            messageID: message.messageID, correlationID: message.correlationID, replyTo: replyTo)
        do throws(RejectedMessage) {
            var submission = try JobDecoder.decode(message)
            submission.replyTo = replyTo
            submission.refusal = plan.refusal(of: submission.request, from: message.userID)
            return .submission(submission, original: original)
        } catch {
            logger.notice(
                "A message is no job",
                metadata: [
                    "code": "\(error.code.rawValue)", "path": "\(error.path)", "job-id": "\(error.jobID ?? "-")",
                ])
            return .rejection(
                Rejection(
                    failure: error.failure, kind: error.kind, jobID: error.jobID, owner: error.owner,
                    original: original))
        }
    }

    /// Commits a batch; while the catalog is away, holds the deliveries for a while and then gives them back, once however
    /// long that lasts: each requeue counts against the delivery limit of the queue, at whose end a message is lost.
    ///
    /// Nothing is consumed until the catalog has taken something in again. That it answers questions proves nothing.
    ///
    /// - Returns: Whether the deliveries may be acknowledged.
    private func commit(_ items: [Received]) async -> Bool {
        let begun = time.now()
        var isHeld = true
        while !Task.isCancelled {
            do throws(CatalogError) {
                // What was given back comes again; a job that is taken in here as well is then known.
                let wanted = items.map(\.item)
                _ = try await catalog.accept(isHeld ? wanted : wanted.filter(\.mayComeTwice))
                await gate.resume()
                return isHeld
            } catch {
                logger.error("The catalog does not take messages in", metadata: ["error": "\(error)"])
                guard error.isOfCatalog else {
                    await gate.resume()
                    return isHeld ? await commitSingly(items, after: error) : false
                }
                await gate.suspend()
                if isHeld, time.now() - begun > patience {
                    await queues.giveBackUnsettled()
                    isHeld = false
                    logger.warning("Messages were given back to the broker; they are taken when the catalog is back")
                }
            }
            try? await time.sleep(for: .seconds(1))
        }
        return false
    }

    /// Finds the one message that the catalog cannot hold, so that it does not hold up all others: it becomes a dead
    /// letter, of the catalog's making or, when the catalog cannot hold that either, of the broker's.
    private func commitSingly(_ items: [Received], after error: CatalogError) async -> Bool {
        guard items.count == 1, let received = items.first else {
            for item in items {
                guard await commit([item]) else { return false }
            }
            return true
        }
        guard case .submission(let submission, let original) = received.item else {
            await queues.reject(received.delivery)
            return true
        }
        let failure = Failure(
            .invalidJob, "the catalog cannot take the job in: \(error.message)", stage: .accepting,
            violations: [Violation(path: "", rule: "can be taken in", value: "")])
        let rejection = Rejection(
            failure: failure, kind: submission.request.kind, jobID: submission.request.id.rawValue,
            owner: submission.request.owner, original: original)
        return await commit([Received(delivery: received.delivery, item: .rejection(rejection))])
    }
}

extension IntakeItem {
    /// Whether taking it in a second time changes nothing.
    fileprivate var mayComeTwice: Bool {
        if case .submission = self { true } else { false }
    }

    /// The kind of the job, when the message is one.
    fileprivate var kind: JobKind? {
        if case .submission(let submission, _) = self { submission.request.kind } else { nil }
    }
}

extension CatalogError {
    /// Whether the catalog is what is wrong, and no message; it may be mended while the worker waits.
    fileprivate var isOfCatalog: Bool { code == .unavailable || code == .unusable }
}

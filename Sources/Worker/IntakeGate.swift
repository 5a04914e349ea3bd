import Catalog
import ImageModel
import Logging
import Synchronization

/// Decides which intake queues are consumed, so that what waits in the catalog stays bounded and the rest waits on the
/// broker, where operators see it and alarm on it.
///
/// <doc:IntakeGate> says why it may not simply count.
final class IntakeGate<Queues: JobQueues>: Sendable {
    let queues: Queues
    let catalog: ImageCatalog
    let plan: WorkerPlan
    let time: any TimeSource
    let logger: Logger
    /// Signalled when the gate was closed in part, and when the worker is to drain.
    let wakeUp = WakeUp()
    /// Once requested, the gate never opens again.
    private let isClosed = DrainRequest()
    /// While set, nothing is consumed.
    private let isSuspended = Atomic(false)
    /// Who adjusts the gate by what it saw first must not open it again after others have closed it.
    private let turnstile = Turnstile()

    /// How long the catalog stands still with the gate closed before jobs are given up that follow ones nobody knows.
    private static var patience: Duration { .seconds(60) }
    /// How many of them at once.
    private static var refusalLimit: Int { 100 }

    init(queues: Queues, catalog: ImageCatalog, plan: WorkerPlan, time: any TimeSource, logger: Logger) {
        self.queues = queues
        self.catalog = catalog
        self.plan = plan
        self.time = time
        self.logger = logger
    }

    /// Consumes what there is room for, and nothing while the catalog does not answer: what came could not be taken in.
    func adjust() async {
        if await adjustOnce() != .open { wakeUp.signal() }
    }

    /// Consumes nothing, whatever room there is, until ``resume()``. A catalog that cannot write may well answer questions.
    func suspend() async {
        isSuspended.store(true, ordering: .releasing)
        await close()
    }

    /// Consumes again what there is room for.
    func resume() async {
        guard isSuspended.exchange(false, ordering: .acquiringAndReleasing) else { return }
        await adjust()
    }

    private func close() async {
        for kind in JobKind.allCases { await queues.stopConsuming(kind) }
    }

    /// Adjusts the gate as jobs leave the catalog; closes it for good when the worker is to drain.
    func keep(until drain: DrainRequest) async {
        var jammedSince: Duration?
        // Open, it is adjusted with every batch that comes in.
        var pace = IdlePace(from: plan.poll, to: plan.idlePoll)
        while !Task.isCancelled, !drain.isRequested {
            let position = await adjustOnce()
            if position != .open { pace.reset() }
            if position == .jammed {
                let since = jammedSince ?? time.now()
                jammedSince = since
                if time.now() - since >= Self.patience, await refuseStranded() { jammedSince = nil }
            } else {
                jammedSince = nil
            }
            guard await wakeUp.wait(atMost: position == .open ? pace.next() : plan.poll, time: time) else { continue }
            pace.reset()
            // Intake has just adjusted it.
            if !drain.isRequested { try? await time.sleep(for: plan.poll) }
        }
        isClosed.request()
        await close()
    }

    private enum Position {
        case open
        /// Something waits on the broker until something moves in the catalog, or until that answers again.
        case partlyClosed
        /// Something waits on the broker, and nothing in the catalog can move without it.
        case jammed
    }

    private func adjustOnce() async -> Position {
        await turnstile.pass { await adjustInTurn() }
    }

    private func adjustInTurn() async -> Position {
        guard mayOpen else { return .partlyClosed }
        guard let load = try? await catalog.intakeLoad() else {
            await close()
            return .partlyClosed
        }
        var position = Position.open
        for kind in JobKind.allCases {
            if load.hasRoom(for: kind, in: plan) {
                await queues.startConsuming(kind)
            } else {
                await queues.stopConsuming(kind)
                position = load.isAtStandstill ? .jammed : .partlyClosed
            }
        }
        // The worker may have been asked to drain meanwhile, or a commit may have failed: what was closed must stay so.
        if !mayOpen { await close() }
        return position
    }

    private var mayOpen: Bool { !isClosed.isRequested && !isSuspended.load(ordering: .acquiring) }

    private func refuseStranded() async -> Bool {
        guard let count = try? await catalog.refuseStranded(limit: Self.refusalLimit) else { return false }
        logger.warning(
            "Nothing moves, and no more jobs can be taken in; the oldest that follow unknown jobs were failed",
            metadata: ["jobs": "\(count)"])
        return true
    }
}

extension IntakeLoad {
    /// Whether another job of `kind` may come in. Cancels and deletes may always: they shorten the backlog.
    func hasRoom(for kind: JobKind, in plan: WorkerPlan) -> Bool {
        guard kind != .cancel, kind != .delete else { return true }
        let all = waiting[kind, default: 0]
        let following = followers[kind, default: 0]
        // What all wait for can only be on the broker.
        if isAtStandstill { return all < plan.followerLimit }
        return all - following < plan.backlog && following < plan.followerLimit
    }
}

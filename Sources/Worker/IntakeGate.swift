import Catalog
import ImageModel

/// Decides which intake queues are consumed, so that the catalog's backlog stays bounded and the rest waits on the
/// broker, where operators see it and alarm on it.
struct IntakeGate<Queues: JobQueues>: Sendable {
    let queues: Queues
    let catalog: ImageCatalog
    let plan: WorkerPlan
    let time: any TimeSource
    /// Once requested, the gate never opens again.
    private let isClosed = DrainRequest()

    init(queues: Queues, catalog: ImageCatalog, plan: WorkerPlan, time: any TimeSource) {
        self.queues = queues
        self.catalog = catalog
        self.plan = plan
        self.time = time
    }

    /// Consumes what the backlog has room for. Cancels always pass: they shorten the backlog, and so do deletes.
    ///
    /// Does nothing while the catalog is away: what was closed stays closed.
    func adjust() async {
        guard !isClosed.isRequested else { return }
        guard let waiting = try? await catalog.read({ try $0.waitingCounts() }) else { return }
        for kind in JobKind.allCases {
            if kind == .cancel || kind == .delete || waiting[kind, default: 0] < plan.backlog {
                await queues.startConsuming(kind)
            } else {
                await queues.stopConsuming(kind)
            }
        }
    }

    /// Consumes nothing.
    func close() async {
        for kind in JobKind.allCases { await queues.stopConsuming(kind) }
    }

    /// Adjusts the gate as jobs leave the backlog; closes it for good when the worker is to drain.
    func keep(until drain: DrainRequest) async {
        while !Task.isCancelled, !drain.isRequested {
            await adjust()
            try? await time.sleep(for: plan.poll)
        }
        isClosed.request()
        await close()
    }
}

import Catalog
import ImageModel
import JobMessages
import TestSupport
import Worker

/// Mistakes that the simulation must find: each is made in a wrapper around a port, never in the worker itself.
public enum PlantedBug: String, CaseIterable, Sendable {
    /// Messages are acknowledged before they are committed.
    case ackBeforeCommit = "ack-before-commit"
    /// A worker writes about its job whatever the fence is by now.
    case writeWithoutFence = "write-without-fence"
    /// Events are published while their transaction may still fail.
    case eventBeforeCommit = "event-before-commit"
    /// A checkpoint is written before its bytes are durable.
    case checkpointBeforeSync = "checkpoint-before-sync"
    /// Staged bytes are gone on with as they are.
    case trustedStaging = "trusted-staging"
    /// Leases are judged by a clock that is not the database's.
    case wrongClock = "wrong-clock"
    /// The rest of a body is fetched although its validator has changed.
    case staleValidator = "stale-validator"
    /// Limits are compared with counts of an earlier transaction.
    case countsOutsideTransaction = "counts-outside-transaction"
    /// What was promised of a store is not counted when more of it is promised.
    case forgottenReservation = "forgotten-reservation"

    /// What is wrong with one worker's connection to the catalog.
    struct Rows: Sendable {
        var clockError: Duration = .zero
        var memory: FenceMemory?
        var wire: (wire: Wire, encoder: CloudEventEncoder)?
        var counts: CountsMemory?
        var forgetsReservations = false

        func falsify(_ rows: any CatalogTransaction) -> any CatalogTransaction {
            if let memory { return UnfencedTransaction(rows, memory: memory) }
            if let wire { return HastyTransaction(rows, wire: wire.wire, encoder: wire.encoder) }
            if let counts { return StaleCountsTransaction(rows, memory: counts) }
            if forgetsReservations { return ForgetfulTransaction(rows) }
            return rows
        }
    }

    func rows(for process: SimulatedProcess, wire: Wire, encoder: CloudEventEncoder) -> Rows {
        switch self {
        case .ackBeforeCommit, .checkpointBeforeSync, .trustedStaging, .staleValidator: Rows()
        case .countsOutsideTransaction: Rows(counts: CountsMemory())
        case .forgottenReservation: Rows(forgetsReservations: true)
        case .writeWithoutFence: Rows(memory: FenceMemory())
        case .eventBeforeCommit: Rows(wire: (wire, encoder))
        case .wrongClock: Rows(clockError: process.weather.dice.chance(0.5) ? .seconds(60) : .zero)
        }
    }
}

/// Queues that acknowledge what they deliver, if a bug says so.
struct PlantedQueues: JobQueues {
    let base: BrokerConnection
    let acknowledgesAtOnce: Bool

    func nextDeliveries(upTo limit: Int) async -> [JobDelivery<Int>] {
        let deliveries = await base.nextDeliveries(upTo: limit)
        if acknowledgesAtOnce { await base.acknowledge(deliveries.map(\.id)) }
        return deliveries
    }

    func startConsuming(_ kind: JobKind) async { await base.startConsuming(kind) }
    func stopConsuming(_ kind: JobKind) async { await base.stopConsuming(kind) }
    func reject(_ delivery: Int) async { await base.reject(delivery) }
    func giveBackUnsettled() async { await base.giveBackUnsettled() }

    func acknowledge(_ deliveries: [Int]) async {
        if !acknowledgesAtOnce { await base.acknowledge(deliveries) }
    }
}

/// The fences under which one worker believes to hold its jobs.
// Unchecked: touched only by the one thread that runs its history.
final class FenceMemory: @unchecked Sendable {
    fileprivate var fences: [JobID: Int64] = [:]
}

/// `WHERE id = ?` without `AND fence = ?`: what this worker once claimed stays its own.
private final class UnfencedTransaction: ForwardingTransaction {
    private let memory: FenceMemory

    init(_ base: any CatalogTransaction, memory: FenceMemory) {
        self.memory = memory
        super.init(base)
    }

    override func job(_ id: JobID) throws -> Job? {
        guard var job = try super.job(id), let fence = memory.fences[id] else { return try super.job(id) }
        if job.fence != fence {
            job.fence = fence
            job.state = .running
        }
        return job
    }

    override func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool {
        guard memory.fences[job.id] == fence, let row = try super.job(job.id) else {
            return try super.update(job, ifFenceIs: fence)
        }
        var job = job
        job.fence = max(job.fence, row.fence)
        if job.state != .running { memory.fences[job.id] = nil }
        return try super.update(job, ifFenceIs: row.fence)
    }

    override func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        let isMine = try super.extendLease(of: job, ifFenceIs: fence, by: duration)
        if isMine { memory.fences[job] = fence }
        return isMine || memory.fences[job] == fence
    }
}

/// Publishes what it appends, at once.
private final class HastyTransaction: ForwardingTransaction {
    private let wire: Wire
    private let encoder: CloudEventEncoder

    init(_ base: any CatalogTransaction, wire: Wire, encoder: CloudEventEncoder) {
        self.wire = wire
        self.encoder = encoder
        super.init(base)
    }

    override func append(_ entry: OutboxEntry) throws {
        try super.append(entry)
        if entry.destination == .events { wire.carry(.event(encoder.encode(entry.event))) }
    }
}

/// What one worker counted when it last claimed.
// Unchecked: touched only by the one thread that runs its history.
final class CountsMemory: @unchecked Sendable {
    fileprivate var owners: [AccountID?: Int] = [:]
    fileprivate var hosts: [String: Int] = [:]
}

/// Counts once, and lets jobs begin by that count a transaction later.
private final class StaleCountsTransaction: ForwardingTransaction {
    private let memory: CountsMemory

    init(_ base: any CatalogTransaction, memory: CountsMemory) {
        self.memory = memory
        super.init(base)
    }

    override func runningByOwner() throws -> [AccountID?: Int] {
        defer { memory.owners = (try? super.runningByOwner()) ?? [:] }
        return memory.owners
    }

    override func runningBySourceHost() throws -> [String: Int] {
        defer { memory.hosts = (try? super.runningBySourceHost()) ?? [:] }
        return memory.hosts
    }
}

/// Promises space as if nobody else had been promised any.
private final class ForgetfulTransaction: ForwardingTransaction {
    override func promises(in store: StoreName) throws -> SpacePromises {
        SpacePromises(outstanding: 0, released: try super.promises(in: store).released)
    }
}

import Catalog
import ImageJobs
import ImageModel
import ImageStore
import JobMessages
import Logging
import Worker

/// Everything outside the workers, and the lives of the workers.
// Unchecked: touched only by the one thread that runs its history.
final class World: @unchecked Sendable {
    let clock: SimulatedClock
    let weather: Weather
    let workload: Workload
    let broker = SimulatedBroker()
    let wire = Wire()
    let rows: SimulatedRows
    let disks: [SimulatedDisk]
    let bug: PlantedBug?
    private let limits: CatalogLimits
    private let seed: UInt64
    private let dice: Dice
    private let logger: Logger
    private let encoder = CloudEventEncoder(cluster: "simulation")
    private var lives: UInt64 = 0
    private var sent = 0
    /// What the workers and the weather did.
    var diary: [String] { weather.diary.lines }
    private static let patience = Duration.seconds(900)

    init(seed: UInt64, bug: PlantedBug?, clock: SimulatedClock, keepsDiary: Bool) {
        self.seed = seed
        self.bug = bug
        self.clock = clock
        weather = Weather(seed: seed, diary: Diary(clock: clock, isKept: keepsDiary))
        workload = Workload(seed: seed)
        dice = Dice(seed: seed, purpose: 3)
        let limiting = Dice(seed: seed, purpose: 4)
        limits = CatalogLimits(
            ownerRunning: limiting.pick([nil, nil, 1, 2]), sourceHostRunning: limiting.pick([nil, nil, 1, 2]))
        let diary = weather.diary
        logger = Logger(label: "simulation") { _ in
            keepsDiary ? DiaryLogHandler(diary: diary) as any LogHandler : SwiftLogNoOpLogHandler()
        }
        let sizes = Dice(seed: seed, purpose: 4)
        disks = ["default", "second"].compactMap(StoreName.init).map { name in
            SimulatedDisk(name: name, capacity: sizes.pick([nil, 1 << 40, 120_000, 40_000]))
        }
        rows = SimulatedRows(id: dice.identifier(), clock: clock, diary: weather.diary)
        rows.audit.limits = limits
    }

    /// What is left in the end.
    struct State: Sendable {
        var jobs: [Job] = []
        var images: [Image] = []
        var members: [MemberKey: MemberStatus] = [:]
        var unpublished = 0
        var abandoned = 0
        /// Bytes of stores that are promised to transfers.
        var promised: Int64 = 0
        var isAtRest = false
    }

    struct MemberKey: Hashable, Sendable {
        let image: ImageID
        let account: AccountID
    }

    /// Lives until everything is at rest, or for as long as patience lasts.
    func live() async -> State {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.produce() }
            group.addTask { await self.clearUp() }
            for slot in 1...dice.int(1...3) {
                group.addTask { await self.runWorkers(slot) }
            }
            await rest()
            group.cancelAll()
        }
        return await state()
    }

    private func produce() async {
        for parcel in workload.parcels.sorted(by: { $0.moment < $1.moment }) {
            guard (try? await clock.sleep(for: parcel.moment - clock.now)) != nil else { return }
            let content: SimulatedBroker.Content =
                switch parcel.content {
                case .job(let message, _), .garbage(let message): .message(message)
                case .oversized(let bytes): .oversized(bytes)
                }
            broker.publish(content, to: parcel.kind)
            if case .message = content, weather.strikes(.duplicateMessage) { broker.publish(content, to: parcel.kind) }
            sent += 1
        }
    }

    private func clearUp() async {
        try? await clock.sleep(for: dice.milliseconds(dice.pick([1_000...5_000, 5_000...30_000])))
        weather.clear()
        // Whoever gives up has done so by then; repairs wait for as long as it takes.
        try? await clock.sleep(for: .seconds(120))
        for disk in disks { disk.enlarge() }
    }

    private func rest() async {
        while clock.now < Self.patience {
            guard (try? await clock.sleep(for: .milliseconds(1_000))) != nil else { return }
            guard sent == workload.parcels.count, broker.unsettled == 0, weather.isClear else { continue }
            if await isAtRest() { return }
        }
    }

    private func isAtRest() async -> Bool {
        let answer = try? await rows.read { rows in
            try rows.unpublished(limit: 1).isEmpty
                && rows.abandonedTransfers(limit: 1).isEmpty
                && rows.jobs(JobFilter(states: [.queued, .deferred, .running, .retrying], limit: 1)).isEmpty
        }
        return answer ?? false
    }

    private func state() async -> State {
        let isAtRest = await isAtRest() && sent == workload.parcels.count && broker.unsettled == 0
        let stores = disks.map(\.name)
        let state = try? await rows.read { rows in
            var state = State()
            state.jobs = try rows.jobs(JobFilter(limit: 1_000)).reversed()
            state.images = try rows.images(ImageFilter(limit: 1_000)).reversed()
            state.unpublished = try rows.unpublished(limit: 1_000).count
            state.abandoned = try rows.abandonedTransfers(limit: 1_000).count
            for store in stores { state.promised += try rows.promises(in: store).outstanding }
            for image in state.images {
                for account in ["alice", "bob", "carol"].compactMap(AccountID.init) {
                    guard let member = try rows.member(account, of: image.id) else { continue }
                    state.members[MemberKey(image: image.id, account: account)] = member.status
                }
            }
            return state
        }
        var result = state ?? State()
        result.isAtRest = isAtRest
        return result
    }
}

// MARK: - Workers

extension World {
    /// One worker after the other, each a process of its own.
    private func runWorkers(_ slot: Int) async {
        while !Task.isCancelled {
            lives += 1
            guard let id = WorkerID("worker-\(slot)-\(lives)") else { return }
            let process = SimulatedProcess(id: id, clock: clock, weather: weather)
            process.onDeath { [disks] in
                for disk in disks { disk.lose(writesOf: process) }
            }
            let worker = worker(process)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await worker.run(until: process.drain) }
                group.addTask { await process.death() }
                await group.next()
                process.die()
                group.cancelAll()
            }
            try? await clock.sleep(for: dice.milliseconds(dice.pick([10...500, 500...12_000])))
        }
    }

    private func worker(_ process: SimulatedProcess) -> ImageWorker<PlantedQueues, SimulatedExchange> {
        let backlog = dice.pick([1, 3, 100])
        let plan = WorkerPlan(
            slots: [.import: 3, .copy: 1, .share: 2, .update: 2, .delete: 2], backlog: backlog,
            followerLimit: backlog * 2,
            leaseDuration: .seconds(9), leaseRenewal: .seconds(3), drain: dice.pick([.zero, .seconds(5)]),
            poll: .seconds(2))
        let random = Dice(seed: seed, purpose: 1_000 + lives)
        let database = SimulatedDatabase(
            rows: rows, process: process,
            plant: bug?.rows(for: process, wire: wire, encoder: encoder) ?? PlantedBug.Rows())
        let pool = ChunkPool(chunkSize: ChunkPool.alignment, chunkLimit: 32)
        let stores = disks.map { disk in
            SimulatedStore(
                disk: disk, process: process, pool: pool, audit: rows.audit,
                forgetsToSynchronize: bug == .checkpointBeforeSync,
                // What was never durable is found out otherwise: then the mistake costs a fetch and nothing else.
                vouchesForBytes: bug == .checkpointBeforeSync || bug == .trustedStaging)
        }
        let environment = { (announce: @escaping @Sendable (ImageEvent) -> Void) in
            var environment = JobEnvironment(
                catalog: ImageCatalog(
                    database: database, random: random, unknownGrace: .seconds(5), limits: self.limits),
                source: SimulatedSource(
                    process: process, bodies: self.workload.bodies, pool: pool,
                    forgetsValidators: self.bug == .staleValidator),
                stores: Dictionary(uniqueKeysWithValues: stores.map { ($0.name, $0 as any ImageStore) }),
                time: ProcessTime(process: process), random: random,
                limits: JobLimits(), backoff: Backoff(base: .milliseconds(500), max: .seconds(5)),
                progressInterval: .milliseconds(300), announceProgress: announce, logger: self.logger)
            environment.checkpointInterval = Int64(ChunkPool.alignment)
            return environment
        }
        return ImageWorker(
            id: process.id, version: "simulated", plan: plan, cluster: "simulation",
            queues: PlantedQueues(
                base: BrokerConnection(broker: broker, process: process), acknowledgesAtOnce: bug == .ackBeforeCommit),
            exchange: SimulatedExchange(wire: wire, process: process), logger: logger, makeEnvironment: environment)
    }
}

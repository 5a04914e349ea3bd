import Catalog
import Foundation
import ImageJobs
import ImageModel
import ImageSource
import ImageStore
import Logging
import Synchronization
import TestSupport
import Testing

/// A catalog in memory, a store on disk and a scripted source, around the runner of jobs.
final class ImportHarness: Sendable {
    let clock: AdjustableClock
    let catalog: ImageCatalog
    let store: FileStore
    let environment: JobEnvironment
    let database: InMemoryCatalogDatabase
    private let directory: String

    init(_ source: ScriptedSource, time: any TimeSource = StandingTime()) async throws {
        let clock = AdjustableClock()
        self.clock = clock
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("import-\(UUID().uuidString)").path
        store = try FileStore(name: CatalogSamples.id("default"), url: "file://\(directory)")
        try await store.adopt(for: CatalogSamples.id("catalog-1"))
        let random = SeededRandomSource(seed: 1)
        database = InMemoryCatalogDatabase(id: CatalogSamples.id("catalog-1"), now: { clock.now })
        catalog = ImageCatalog(database: database, random: random)
        var environment = JobEnvironment(
            catalog: catalog, source: source, stores: [store.name: store], time: time, random: random,
            limits: JobLimits(), backoff: Backoff(base: .seconds(1), max: .seconds(1)),
            progressInterval: .seconds(1), announceProgress: { _ in }, logger: Logger(label: "test"))
        environment.checkpointInterval = 4 << 16
        self.environment = environment
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func accept(
        _ digests: [DigestAlgorithm], expecting expectations: Expectations = Expectations(), maxAttempts: Int? = nil,
        deadline: Timestamp? = nil, transform: Transform = Transform()
    ) async throws {
        let work = JobWork.import(
            ImportRequest(
                image: ImageSpecification(id: CatalogSamples.id("image-1"), name: "n"),
                source: SourceLocation(url: "https://h/image"), expectations: expectations, digests: digests,
                transform: transform))
        let request = JobRequest(
            id: CatalogSamples.id("job-1"), deadline: deadline, maxAttempts: maxAttempts, work: work)
        let submission = JobSubmission(request: request, canonicalForm: "{}")
        _ = try await catalog.accept([.submission(submission, original: DeadLetter(body: [], routingKey: "import"))])
    }

    func claim() async throws -> ClaimedJob {
        let claimed = try await catalog.claim(
            for: CatalogSamples.id("w-1"), slots: [.import: 1], lease: .seconds(30)
        ).jobs
        return try #require(claimed.first)
    }

    /// Claims the job and runs it to wherever it gets, with the store as `journal` sees it where there is one.
    func attempt(_ control: JobControl = JobControl(), noting journal: StoreJournal? = nil) async throws {
        var environment = environment
        if let journal { environment.stores[store.name] = JournalledStore(store, journal, clones: false) }
        try await JobRunner(environment: environment).run(claim(), control: control)
        clock.advance(by: .seconds(65))
    }

    var job: Job {
        get async throws { try #require(try await catalog.read { try $0.job(CatalogSamples.id("job-1")) }) }
    }

    /// What was announced of the job and its image, in order.
    var phases: [EventPhase] {
        get async throws {
            try await catalog.read { try $0.unpublished(limit: 100) }.compactMap { entry in
                if case .image(_, let phase) = entry.event.topic { phase } else { nil }
            }
        }
    }

    var checkpoint: TransferCheckpoint? {
        get async throws {
            try await catalog.read { try $0.openTransfers(of: CatalogSamples.id("job-1")).last?.checkpoint }
        }
    }

    /// Names of staging files.
    var staged: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/staging")) ?? []
    }

    /// Changes one bit of what was staged, as a disk may.
    func flipStagedBit(at offset: Int64) throws {
        let file = try #require(staged.first)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: "\(directory)/staging/\(file)"))
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: [byte ^ 0x10])
    }

    /// Leaves a checkpoint as one writes it whose library shows no midstates.
    func forgetMidstates() async throws {
        let job = CatalogSamples.id("job-1") as JobID
        try await database.write { rows in
            for var transfer in try rows.openTransfers(of: job) {
                transfer.checkpoint?.midstates = []
                try rows.update(transfer)
            }
        }
    }

    /// The image is there, with the right bytes, their right digests, and nothing beside it.
    func expectWhole(_ body: PatternBytes) async throws {
        #expect(try await job.state == .succeeded)
        let image = try #require(try await catalog.read { try $0.image(CatalogSamples.id("image-1")) })
        let url = try #require(image.replicas.first?.url.flatMap(URL.init(string:)))
        let bytes = try [UInt8](Data(contentsOf: url))
        #expect(body.size == bytes.count && bytes.withUnsafeBytes { body.matches($0, at: 0) })
        #expect(image.content?.size == body.size)
        #expect(image.content?.digests == (try await digests(of: bytes, image.content?.digests.map(\.algorithm) ?? [])))
        #expect(staged.isEmpty)
    }
}

/// A clock that writes down how long it was asked to wait, and waits as told.
final class NotingTime: TimeSource {
    private let noted = Mutex<[Duration]>([])
    private let wait: @Sendable () async throws -> Void

    init(_ wait: @escaping @Sendable () async throws -> Void = {}) {
        self.wait = wait
    }

    var waits: [Duration] { noted.withLock { $0 } }

    func now() -> Duration { .zero }

    func sleep(for duration: Duration) async throws {
        noted.withLock { $0.append(duration) }
        try await wait()
        try Task.checkCancellation()
    }
}

/// A clock on which a second passes at every look.
final class HastyTime: TimeSource {
    private let elapsed = Mutex(Duration.zero)

    func now() -> Duration {
        elapsed.withLock { elapsed in
            elapsed += .seconds(1)
            return elapsed
        }
    }

    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
}

/// A clock on which no time passes.
struct StandingTime: TimeSource {
    func now() -> Duration { .zero }
    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
}

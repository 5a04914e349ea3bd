import Catalog
import Foundation
import ImageJobs
import ImageModel
import ImageStore
import Synchronization
import TestSupport
import Testing

@Suite("Copies between stores", .timeLimit(.minutes(5)))
struct CopyTests {
    private static let unit = Int64(ScriptedSource.chunkSize)
    private let body = PatternBytes(size: 70 * unit + 7, seed: 3)

    /// An image that lies in the store `default`, and a second store.
    private func harness(
        _ wrap: (FileStore) -> any ImageStore = { $0 }
    ) async throws -> (harness: ImportHarness, environment: JobEnvironment, second: TemporaryStore) {
        let harness = try await ImportHarness(ScriptedSource(ScriptedSource.Script(body: body)))
        try await harness.accept([.sha256, .md5])
        try await harness.attempt()
        let second = try await TemporaryStore("eu-2")
        var environment = harness.environment
        environment.stores[harness.store.name] = wrap(harness.store)
        environment.stores[second.store.name] = wrap(second.store)
        return (harness, environment, second)
    }

    private func accept(_ harness: ImportHarness, new: String? = nil, store: String? = "eu-2") async throws {
        let request = CopyRequest(
            imageID: CatalogSamples.id("image-1"), store: store.map { CatalogSamples.id($0) },
            newImage: new.map { CopyRequest.NewImage(id: CatalogSamples.id($0), name: "new") })
        let submission = JobSubmission(
            request: JobRequest(id: CatalogSamples.id("c"), work: .copy(request)), canonicalForm: "{}")
        _ = try await harness.catalog.accept([
            .submission(submission, original: DeadLetter(body: [], routingKey: "copy"))
        ])
    }

    private func attempt(
        _ harness: ImportHarness, _ environment: JobEnvironment, _ control: JobControl = JobControl()
    ) async throws {
        let claimed = try await harness.catalog.claim(
            for: CatalogSamples.id("w-1"), slots: [.copy: 1], lease: .seconds(30)
        ).jobs
        try await JobRunner(environment: environment).run(#require(claimed.first), control: control)
        harness.clock.advance(by: .seconds(65))
    }

    private func job(_ harness: ImportHarness, _ id: String = "c") async throws -> Job {
        let id: JobID = CatalogSamples.id(id)
        let found = try await harness.catalog.read { rows in try rows.job(id) }
        return try #require(found)
    }

    private func keptBytes(_ harness: ImportHarness) async throws -> Int64 {
        let id: JobID = CatalogSamples.id("c")
        let transfers = try await harness.catalog.read { rows in try rows.openTransfers(of: id) }
        return transfers.last?.checkpoint?.durableBytes ?? 0
    }

    private func image(_ harness: ImportHarness, _ id: String = "image-1") async throws -> Image {
        try #require(try await harness.catalog.read { try $0.image(CatalogSamples.id(id)) })
    }

    private func expectBytes(_ image: Image, in store: String) throws {
        let replica = try #require(image.replicas.first { $0.store.rawValue == store && $0.state == .available })
        let bytes = try [UInt8](Data(contentsOf: #require(replica.url.flatMap(URL.init(string:)))))
        #expect(body.size == bytes.count && bytes.withUnsafeBytes { body.matches($0, at: 0) })
    }

    @Test(
        "A replica in another store has the same bytes, cloned where the kernel can, else streamed",
        arguments: [true, false])
    func replica(_ clones: Bool) async throws {
        let journal = StoreJournal()
        let (harness, environment, second) = try await harness { JournalledStore($0, journal, clones: clones) }
        try await accept(harness)
        try await attempt(harness, environment)
        #expect(try await job(harness).state == .succeeded)
        let image = try await image(harness)
        #expect(image.replicas.count == 2 && image.operation == nil)
        try expectBytes(image, in: "eu-2")
        #expect(second.staged.isEmpty)
        if clones, await second.store.canClone(from: harness.store) {
            // Only what fills no page went through this process, and all of it through the digests.
            #expect(journal.appended == 7 && journal.readAgain == body.size - 7)
        } else {
            #expect(journal.appended == body.size)
        }
    }

    @Test(
        "Progress tells of the bytes that are cloned and, while they are read again, of those, and never falls",
        arguments: [true, false])
    func progress(_ clones: Bool) async throws {
        let announced = Mutex<[JobProgress]>([])
        let journal = StoreJournal()
        var (harness, environment, second) = try await harness { JournalledStore($0, journal, clones: clones) }
        environment.time = HastyTime()
        environment.announceProgress = { event in
            announced.withLock { $0 += [event.data.progress].compactMap(\.self) }
        }
        try await accept(harness)
        try await attempt(harness, environment)
        #expect(try await job(harness).state == .succeeded)
        let steps = announced.withLock { $0 }
        #expect(steps.map(\.bytes) == steps.map(\.bytes).sorted())
        let isCloned = clones ? await second.store.canClone(from: harness.store) : false
        guard isCloned else {
            #expect(steps.allSatisfy { $0.stage == .fetching && $0.total == body.size })
            #expect(steps.last?.bytes == body.size)
            return
        }
        let cloned = body.size - 7
        #expect(steps.first == JobProgress(stage: .fetching, bytes: cloned, total: body.size, bytesPerSecond: cloned))
        let verifying = steps.dropFirst()
        #expect(verifying.count > 2)
        #expect(verifying.allSatisfy { $0.stage == .verifying && $0.total == cloned + body.size })
        #expect(verifying.last?.bytes == cloned + body.size)
    }

    @Test("A new image in the same store has bytes of its own, which outlive the old one's")
    func newImage() async throws {
        let (harness, environment, _) = try await harness()
        try await accept(harness, new: "image-2", store: nil)
        try await attempt(harness, environment)
        let new = try await image(harness, "image-2")
        let old = try await image(harness)
        #expect(new.status == .active && new.content == old.content && new.origin == old.id)
        #expect(new.replicas.first?.objectKey != old.replicas.first?.objectKey)
        try await harness.store.delete(objectKey: #require(old.replicas.first?.objectKey))
        try expectBytes(new, in: "default")
    }

    @Test(
        "Bytes that rotted in a store are not copied: the digests tell, whichever way they came",
        arguments: [true, false])
    func rotten(_ clones: Bool) async throws {
        let (harness, environment, second) = try await harness { JournalledStore($0, StoreJournal(), clones: clones) }
        let path = try #require(try await image(harness).replicas.first?.url.flatMap(URL.init(string:))).path
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seek(toOffset: UInt64(3 * Self.unit))
        try file.write(contentsOf: Data([0xFF, 0x00, 0xFF]))
        try file.close()
        try await accept(harness)
        try await attempt(harness, environment)
        let job = try await job(harness)
        #expect(job.state == .failed && job.failure?.code == .digestMismatch, "\(String(describing: job.failure))")
        #expect(try await image(harness).replicas.count == 1)
        #expect(second.staged.isEmpty && second.objects.isEmpty)
    }

    @Test("A rotten replica does not hinder a copy while there is another")
    func otherReplica() async throws {
        var (harness, environment, second) = try await harness()
        try await accept(harness)
        try await attempt(harness, environment)
        let third = try await TemporaryStore("eu-3")
        environment.stores[third.store.name] = third.store
        let path = try #require(try await image(harness).replicas.first?.url.flatMap(URL.init(string:))).path
        try FileManager.default.removeItem(atPath: path)
        try Data(repeating: 1, count: Int(body.size)).write(to: URL(fileURLWithPath: path))
        let request = CopyRequest(imageID: CatalogSamples.id("image-1"), store: third.store.name)
        let submission = JobSubmission(
            request: JobRequest(id: CatalogSamples.id("c-2"), work: .copy(request)), canonicalForm: "{}")
        _ = try await harness.catalog.accept([
            .submission(submission, original: DeadLetter(body: [], routingKey: "copy"))
        ])
        for _ in 0..<2 { try await attempt(harness, environment) }
        #expect(try await job(harness, "c-2").state == .succeeded)
        try expectBytes(try await image(harness), in: "eu-3")
        #expect(second.objects.count == 1)
    }

    @Test(
        "A worker that stops leaves what it has and the next goes on from there; a cancel leaves nothing",
        arguments: [StopReason.shutdown, .leaseLost, .cancelRequested])
    func stops(_ reason: StopReason) async throws {
        let journal = StoreJournal()
        let control = JobControl()
        let (harness, environment, second) = try await harness {
            JournalledStore($0, journal, clones: false, readLimit: 40 * Self.unit) { control.stop(reason) }
        }
        try await accept(harness)
        try await attempt(harness, environment, control)
        if reason == .cancelRequested {
            #expect(try await job(harness).state == .cancelled)
            #expect(second.staged.isEmpty && second.objects.isEmpty)
            #expect(try await image(harness).replicas.count == 1)
            return
        }
        let kept = try await keptBytes(harness)
        #expect(kept > 0)
        journal.reset()
        try await attempt(harness, environment)
        #expect(try await job(harness).state == .succeeded)
        #expect(journal.appended == body.size - kept)
        try expectBytes(try await image(harness), in: "eu-2")
    }

    @Test("A copy that is known not to fit takes no space from others and leaves nothing")
    func noSpace() async throws {
        let (harness, environment, second) = try await harness {
            JournalledStore($0, StoreJournal(), clones: true, freeBytes: body.size - 1)
        }
        try await accept(harness)
        try await attempt(harness, environment)
        let job = try await job(harness)
        #expect(job.state == .retrying && job.failure?.code == .capacityExceeded)
        #expect(second.staged.isEmpty)
        let promises = try await harness.catalog.read { rows in try rows.promises(in: CatalogSamples.id("eu-2")) }
        #expect(promises.outstanding == 0)
    }

    @Test("A store that this worker does not know is named, and what no store of it holds waits for another worker")
    func unknownStores() async throws {
        var (harness, environment, _) = try await harness()
        try await accept(harness, store: "eu-9")
        try await attempt(harness, environment)
        #expect(try await job(harness).failure?.code == .storeUnknown)
        let submission = JobSubmission(
            request: JobRequest(
                id: CatalogSamples.id("c-2"),
                work: .copy(CopyRequest(imageID: CatalogSamples.id("image-1"), store: CatalogSamples.id("eu-2")))),
            canonicalForm: "{}")
        _ = try await harness.catalog.accept([
            .submission(submission, original: DeadLetter(body: [], routingKey: "copy"))
        ])
        environment.stores[harness.store.name] = nil
        try await attempt(harness, environment)
        let job = try await job(harness, "c-2")
        #expect(job.state == .retrying && job.failure?.code == .storeUnavailable)
    }
}

import Foundation
import ImageModel
import ImageStore
import Synchronization
import TestSupport

/// A file store in a directory of its own, gone with its owner.
final class TemporaryStore: Sendable {
    let store: FileStore
    private let directory: String

    init(_ name: String) async throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)").path
        store = try FileStore(name: CatalogSamples.id(name), url: "file://\(directory)")
        try await store.adopt(for: CatalogSamples.id("catalog-1"))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    var staged: [String] { files(in: "staging") }
    var objects: [String] { files(in: "objects").filter { $0.contains("/") } }

    private func files(in folder: String) -> [String] {
        FileManager.default.enumerator(atPath: "\(directory)/\(folder)")?.compactMap { $0 as? String } ?? []
    }
}

/// How many bytes went which way.
final class StoreJournal: Sendable {
    private struct Counts {
        var appended: Int64 = 0
        var readAgain: Int64 = 0
    }

    private let counts = Watched(Counts())

    /// Bytes that were appended to stagings.
    var appended: Int64 { counts.value.appended }
    /// Bytes that were read from stagings.
    var readAgain: Int64 { counts.value.readAgain }

    func reset() { counts.change { $0 = Counts() } }
    func noteAppended(_ count: Int) { counts.change { $0.appended += Int64(count) } }
    func noteReadAgain(_ count: Int) { counts.change { $0.readAgain += Int64(count) } }

    /// Waits until so many bytes were appended: none of them is under way any more, and lost with a job that is stopped.
    func waitForAppended(_ bytes: Int64) async { await counts.wait { $0.appended >= bytes } }
}

/// A file store that counts bytes, may forbid clones, and lets something happen once while an object, or what was staged,
/// is read.
struct JournalledStore: ForwardingStore {
    let base: any ImageStore
    let journal: StoreJournal
    let clones: Bool
    let stop: ReadStop
    /// Whether the stop is in what was staged, and not in objects.
    var stopsInStaging = false
    /// What it says is free; nil for what is.
    let shownFreeBytes: Int64?

    init(
        _ base: FileStore, _ journal: StoreJournal, clones: Bool, readLimit: Int64 = .max, freeBytes: Int64? = nil,
        _ event: @escaping @Sendable () -> Void = {}
    ) {
        shownFreeBytes = freeBytes
        self.base = base
        self.journal = journal
        self.clones = clones
        stop = ReadStop(readLimit, event)
    }

    func freeBytes() async throws(StoreError) -> Int64? {
        if let shownFreeBytes { return shownFreeBytes }
        return try await base.freeBytes()
    }

    func canClone(from other: any ImageStore) async -> Bool {
        guard clones, let other = other as? JournalledStore else { return false }
        return await base.canClone(from: other.base)
    }

    func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        try await base.withObject(objectKey) { try await body(StoppedObject(base: $0, stop: stop)) }
    }

    func staging(over staged: any StagedImage) -> any StagedImage {
        JournalledStaging(base: staged, journal: journal, stop: stopsInStaging ? stop : nil)
    }
}

/// Something that happens once, after so many bytes of an object were read; what reads waits until it is stopped.
final class ReadStop: Sendable {
    private let limit: Int64
    private let event: Mutex<(@Sendable () -> Void)?>

    init(_ limit: Int64, _ event: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.event = Mutex(event)
    }

    func pass(_ offset: Int64) async {
        guard offset >= limit, let event = event.withLock({ $0.take() }) else { return }
        event()
        try? await Task.sleep(for: .seconds(600))
    }
}

private struct StoppedObject: ReadableObject {
    let base: any ReadableObject
    let stop: ReadStop

    var size: Int64 { base.size }

    func chunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        await stop.pass(offset)
        return try await base.chunk(at: offset)
    }
}

private struct JournalledStaging: ForwardingStaging {
    let base: any StagedImage
    let journal: StoreJournal
    let stop: ReadStop?

    func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        await stop?.pass(offset)
        let chunk = try await base.keptChunk(at: offset)
        journal.noteReadAgain(chunk?.count ?? 0)
        return chunk
    }

    func clone(_ objectKey: String, of other: any ImageStore, upTo end: Int64) async throws(StoreError) -> Int64 {
        try await base.clone(objectKey, of: (other as? JournalledStore)?.base ?? other, upTo: end)
    }

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        try await base.append(chunk)
        journal.noteAppended(chunk.count)
    }
}

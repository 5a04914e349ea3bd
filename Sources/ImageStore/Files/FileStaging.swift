import ImageModel
import Synchronization

/// A transfer's staging file on a thread of its own, with a short queue of writes before it.
///
/// The actor's executor is the thread, so that everything that blocks provably runs there. Appending does not wait
/// for that thread while the queue has room: the caller digests the next chunk while this one is written.
actor FileStaging: StagedImage {
    private let store: FileStore
    private let name: FileStoreLayout.FileName
    private let expectedSize: Int64?
    private nonisolated let thread: IOThread
    private nonisolated let writes = WriteQueue()
    private nonisolated let kept = Atomic<Int64>(0)
    private var file: StagingFile?

    nonisolated var keptBytes: Int64 { kept.load(ordering: .acquiring) }
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(of store: FileStore, _ name: FileStoreLayout.FileName, expectedSize: Int64?) throws(StoreError) {
        self.store = store
        self.name = name
        self.expectedSize = expectedSize
        thread = try storeErrors(in: store.name) { try IOThread() }
    }

    /// Opens the file and keeps its first bytes; comes before everything else.
    func open(keeping durableBytes: Int64) throws(StoreError) {
        let file = try storeErrors(in: store.name) {
            try StagingFile(of: store, name, keeping: durableBytes, expectedSize: expectedSize)
        }
        kept.store(file.keptBytes, ordering: .releasing)
        self.file = file
    }

    func keptChunk(at offset: Int64) throws(StoreError) -> ImageChunk? {
        try storeErrors(in: store.name) { try openFile().keptChunk(at: offset) }
    }

    func clone(_ objectKey: String, of other: any ImageStore, upTo end: Int64) throws(StoreError) -> Int64 {
        guard let other = other as? FileStore else { return keptBytes }
        let object = try FileStoreLayout.FileName(objectKey: objectKey, in: other.name)
        let source = try storeErrors(in: other.name) { try other.openObjectNow(object).file }
        let end = try storeErrors(in: store.name) { try openFile().clone(source, upTo: end) }
        kept.store(end, ordering: .releasing)
        return end
    }

    /// Closes the file after the last queued write, and with it lets go of the lock.
    func close() {
        file = nil
    }

    nonisolated func append(_ chunk: ImageChunk) async throws(StoreError) {
        try await writes.admit()
        thread.submit { self.assumeIsolated { $0.write(chunk) } }
    }

    /// One failure is the last word: of what it could not write the kernel may say next time that there is nothing left
    /// to write (fsync(2), `EIO`).
    func synchronize() throws(StoreError) -> Int64 {
        try writes.check()
        do {
            return try storeErrors(in: store.name) { try openFile().synchronize() }
        } catch {
            writes.fail(error)
            throw error
        }
    }

    func commit() throws(StoreError) -> StoredObject {
        try writes.check()
        let object = try storeErrors(in: store.name) { try openFile().commit() }
        close()
        return object
    }

    private func write(_ chunk: ImageChunk) {
        do {
            try writes.check()
            try storeErrors(in: store.name) { try openFile().append(chunk) }
            writes.finishOne(nil)
        } catch {
            writes.finishOne(error)
        }
    }

    private func openFile() throws(StoreError) -> StagingFile {
        guard let file else {
            throw StoreError(
                .internal, "store \(store.name): the staging of \(name.name) is committed or closed",
                isTransient: false)
        }
        return file
    }
}

/// Counts the writes that are on their way to the thread, and keeps the first failure for whoever comes next.
private final class WriteQueue: Sendable {
    /// One write runs, one waits for it; more made nothing faster and would hold chunks that the source needs.
    static let limit = 2

    private struct State {
        var outstanding = 0
        var failure: StoreError?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Throws what went wrong in an earlier write.
    func check() throws(StoreError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Makes everything fail from here on.
    func fail(_ failure: StoreError) {
        state.withLock { $0.failure = $0.failure ?? failure }
    }

    /// Returns when another write may be queued.
    func admit() async throws(StoreError) {
        while true {
            try check()
            if tryAdmit() { return }
            await withCheckedContinuation { continuation in
                let isFull = state.withLock { state in
                    guard state.outstanding >= Self.limit else { return false }
                    state.waiting.append(continuation)
                    return true
                }
                if !isFull { continuation.resume() }
            }
        }
    }

    func finishOne(_ failure: StoreError?) {
        let waiting = state.withLock { state in
            state.outstanding -= 1
            state.failure = state.failure ?? failure
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func tryAdmit() -> Bool {
        state.withLock { state in
            guard state.outstanding < Self.limit else { return false }
            state.outstanding += 1
            return true
        }
    }
}

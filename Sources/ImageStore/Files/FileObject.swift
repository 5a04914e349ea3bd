import ImageModel
import Synchronization

/// A committed object's file on a thread of its own, on which everything that blocks runs.
///
/// It is read through the page cache, for the sake of the kernel's reading ahead, and what was read is dropped from there
/// again.
actor FileObject: ReadableObject {
    private let store: FileStore
    private let name: FileStoreLayout.FileName
    private nonisolated let thread: IOThread
    private nonisolated let length = Atomic<Int64>(0)
    private var file: OpenFile?
    private var reader: KeptBytesReader?
    private var droppedEnd: Int64 = 0

    /// How much of what was read may stay in the page cache.
    private static let stride: Int64 = 32 << 20

    nonisolated var size: Int64 { length.load(ordering: .acquiring) }
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(of store: FileStore, _ name: FileStoreLayout.FileName) throws(StoreError) {
        self.store = store
        self.name = name
        thread = try storeErrors(in: store.name) { try IOThread() }
    }

    /// Opens the file; comes before everything else.
    func open() throws(StoreError) {
        let opened = try storeErrors(in: store.name) { try store.openObjectNow(name) }
        length.store(opened.size, ordering: .releasing)
        file = opened.file
        reader = KeptBytesReader(opened.file)
    }

    func chunk(at offset: Int64) throws(StoreError) -> ImageChunk? {
        guard let file, let reader else {
            throw StoreError(.internal, "store \(store.name): \(name.objectKey) is closed", isTransient: false)
        }
        let count = min(size - offset, Int64(KeptBytesReader.chunkSize))
        guard count > 0 else { return nil }
        let chunk = try storeErrors(in: store.name) { try reader.chunk(at: offset, length: Int(count)) }
        if offset - droppedEnd >= Self.stride {
            file.dropPages(from: droppedEnd, length: offset - droppedEnd)
            droppedEnd = offset
        }
        return chunk
    }

    /// Closes the file.
    func close() {
        file?.dropPages(from: droppedEnd, length: size - droppedEnd)
        file = nil
        reader = nil
    }
}

import Glibc
import ImageConversion
import ImageModel
import ImageStore

/// The file of an image that is to be converted, while it arrives. All that blocks runs on a thread of its own.
///
/// Nothing is made durable: after a crash it would be removed anyhow.
actor ScratchFile: StagedImage {
    private let scratch: StoreName
    private nonisolated let thread: IOThread
    private let file: OpenFile
    private var end: Int64 = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(in workspace: String, of scratch: StoreName) throws(StoreError) {
        self.scratch = scratch
        thread = try storeErrors(in: scratch) { try IOThread() }
        file = try storeErrors(in: scratch) {
            try Directory(path: workspace)
                .tryOpen(WorkspaceFile.original, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600).get()
        }
    }

    func append(_ chunk: ImageChunk) throws(StoreError) {
        try storeErrors(in: scratch) {
            try chunk.withBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = try file.write(UnsafeRawBufferPointer(rebasing: rest), at: end)
                    end += Int64(count)
                    rest = rest.dropFirst(count)
                }
            }
        }
    }

    func synchronize() -> Int64 { end }

    func commit() throws(StoreError) -> StoredObject {
        throw StoreError(.internal, "nothing in scratch space becomes an object", isTransient: false)
    }
}

/// Reads a file of a workspace from its beginning to its end, on a thread of its own.
actor ScratchReader: ConversionBytes {
    nonisolated let size: Int64
    private let scratch: StoreName
    private nonisolated let thread: IOThread
    private let reader: KeptBytesReader
    private var position: Int64 = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ name: String, in workspace: String, of scratch: StoreName) throws(StoreError) {
        self.scratch = scratch
        thread = try storeErrors(in: scratch) { try IOThread() }
        let file = try storeErrors(in: scratch) {
            try Directory(path: workspace).tryOpen(name, flags: O_RDONLY).get()
        }
        size = try storeErrors(in: scratch) { try file.status().size }
        reader = KeptBytesReader(file)
    }

    func nextChunk() throws(StoreError) -> ImageChunk? {
        let length = min(size - position, Int64(KeptBytesReader.chunkSize))
        guard length > 0 else { return nil }
        let chunk = try storeErrors(in: scratch) { try reader.chunk(at: position, length: Int(length)) }
        position += length
        return chunk
    }
}

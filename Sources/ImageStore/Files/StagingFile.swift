import Glibc
import ImageModel

/// The locked file of one transfer while its bytes arrive. Every method blocks.
///
/// Whole pages go past the page cache with `O_DIRECT`, so that an image neither costs the copy nor evicts what other
/// programs keep there. The last bytes of an image that fill no page are written through the cache, after direct
/// output was turned off: the file then never is longer than what was appended and never holds another image's bytes
/// behind its end, which writing a padded page and cutting it off would allow for a moment. It costs one page.
///
/// Space is not allocated ahead: 1 GiB in 1 MiB writes took 0.44 to 0.55 s with and without posix_fallocate(3).
/// When there is none left, the file is emptied at once, under its lock: the catalog may need the room before it can
/// record that the transfer is given up.
final class StagingFile {
    private let store: FileStore
    private let name: FileStoreLayout.FileName
    private let staging: Directory
    private let file: OpenFile
    private let expectedSize: Int64?
    private var isDirect: Bool
    /// The bytes of an earlier writer, or of another object, that are kept.
    private(set) var keptBytes: Int64
    /// Where the next byte goes.
    private var end: Int64
    /// How far the pages that went through the cache have been dropped from it.
    private var droppedEnd: Int64
    /// Where kept bytes are read into; made when they are asked for.
    private lazy var reader = KeptBytesReader(file)
    /// Where the free space is looked at next.
    private var nextSpaceCheck: Int64 = 0
    /// Why the file was emptied; nothing can be done with it from then on.
    private var shortage: StoreError?
    /// Whether an object has the file by now.
    private var isLinked = false

    private static let pageSize = Int64(ChunkPool.alignment)
    /// How much may lie in the page cache, and how far apart looks at the free space are.
    private static let stride: Int64 = 32 << 20

    /// Opens and locks the file, and cuts it to the bytes that are kept: all of `durableBytes`, or none.
    init(
        of store: FileStore, _ name: FileStoreLayout.FileName, keeping durableBytes: Int64, expectedSize: Int64?
    ) throws {
        self.store = store
        self.name = name
        self.expectedSize = expectedSize
        staging = try Directory(path: store.location.path).directory(FileStoreLayout.staging)
        guard let file = try store.lockStaging(name, in: staging, flags: O_RDWR | O_CREAT) else {
            throw SystemCallError(attempt: "open", path: "\(staging.path)/\(name.name)", number: ENOENT)
        }
        self.file = file
        let isThere = try durableBytes % Self.pageSize == 0 && file.status().size >= durableBytes
        keptBytes = isThere ? max(0, durableBytes) : 0
        end = keptBytes
        droppedEnd = keptBytes
        try file.truncate(to: keptBytes)
        isDirect = try file.setDirect(true)
        try checkSpace()
    }

    /// Kept bytes from `offset`; nil behind the last of them.
    func keptChunk(at offset: Int64) throws -> ImageChunk? {
        let length = min(keptBytes - offset, Int64(KeptBytesReader.chunkSize))
        guard length > 0 else { return nil }
        return try reader.chunk(at: offset, length: Int(length))
    }

    /// Takes over what follows the kept bytes of another file, up to `end`; returns how many bytes are kept then.
    func clone(_ source: OpenFile, upTo end: Int64) throws -> Int64 {
        try needingSpace {
            try checkSpace()
            if isDirect { try leaveDirect() }
            defer { isDirect = (try? file.setDirect(true)) ?? false }
            while self.end < end {
                let count = try file.takeOver(source, from: self.end, length: end - self.end)
                guard count > 0 else { break }
                self.end += count
            }
            // What is read past the page cache must be on the disk, and a chunk begins with a whole page.
            self.end -= self.end % Self.pageSize
            try file.truncate(to: self.end)
            try file.synchronizeData()
            dropPages()
            source.dropPages(from: keptBytes, length: self.end - keptBytes)
            keptBytes = self.end
            return keptBytes
        }
    }

    func append(_ chunk: ImageChunk) throws {
        try needingSpace {
            if end >= nextSpaceCheck { try checkSpace() }
            var failure: SystemCallError?
            chunk.withBytes { bytes in
                do throws(SystemCallError) { try write(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
        }
    }

    /// Makes everything appended durable and returns how much that is.
    func synchronize() throws -> Int64 {
        try needingSpace {
            try file.synchronizeData()
            dropPages()
            return end
        }
    }

    /// Gives the file its object's name, durably.
    ///
    /// A hard link and not a rename: it never replaces an object, on network file systems too. Killed in between, the
    /// file has both names; ``FileStore/lockStaging(_:in:flags:)`` then takes the staging name away.
    func commit() throws -> StoredObject {
        try needingSpace { try link() }
    }

    private func link() throws -> StoredObject {
        try file.setMode(FileStoreModes.committed)
        try file.synchronize()
        dropPages()
        let objects = try Directory(path: store.location.path).directory(FileStoreLayout.objects)
        try objects.makeDirectory(name.prefix, mode: FileStoreModes.directory)
        let directory = try objects.directory(name.prefix)
        if try !staging.link(name.name, into: directory, as: name.name) {
            // The same transfer was committed before: what is there stays.
            let size = try directory.status(of: name.name)?.size
            guard size == end else {
                throw StoreError(
                    .internal,
                    "store \(store.name): transfer \(name.name) committed \(size ?? 0) bytes before and \(end) now",
                    isTransient: false)
            }
        }
        isLinked = true
        try directory.synchronize()
        // Not made durable: after a power cut the old name may be back, and costs nothing until a sweep takes it away.
        try staging.remove(name.name)
        return store.object(name, size: end)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) {
        var rest = bytes
        while !rest.isEmpty {
            let pages = rest.count - rest.count % Int(Self.pageSize)
            if isDirect, end % Self.pageSize != 0 || pages == 0 { try leaveDirect() }
            let part = isDirect ? UnsafeRawBufferPointer(rebasing: rest[..<pages]) : rest
            let length: Int
            do {
                length = try file.write(part, at: end)
            } catch  where error.number == EINVAL && isDirect {
                // Some file systems accept the flag and refuse the writes, or want more than a page's alignment.
                try leaveDirect()
                continue
            }
            end += Int64(length)
            rest = UnsafeRawBufferPointer(rebasing: rest[length...])
        }
        if !isDirect, end - droppedEnd >= Self.stride {
            try file.synchronizeData()
            dropPages()
        }
    }

    private func leaveDirect() throws(SystemCallError) {
        _ = try file.setDirect(false)
        isDirect = false
        droppedEnd = end - end % Self.pageSize
    }

    /// Drops the pages that are now clean, so that the page cache does not grow with the image.
    private func dropPages() {
        guard !isDirect else { return }
        file.dropPages(from: droppedEnd, length: end - droppedEnd)
        droppedEnd = end - end % Self.pageSize
    }

    /// Runs a step that takes space. When there is none, all that the file holds is given back.
    private func needingSpace<Value>(_ step: () throws -> Value) throws -> Value {
        if let shortage { throw shortage }
        do {
            return try step()
        } catch let error as SystemCallError where error.isOutOfSpace {
            throw giveUp(outOfSpace(error.reason))
        } catch let error as StoreError where error.code == .capacityExceeded {
            throw giveUp(error)
        }
    }

    private func giveUp(_ error: StoreError) -> StoreError {
        shortage = error
        // Should this fail, whoever discards the transfer removes the bytes.
        if !isLinked { try? file.truncate(to: 0) }
        return error
    }

    /// Refuses to go on when what is still to come would not leave the reserve free: other programs may have filled
    /// what was promised.
    private func checkSpace() throws {
        nextSpaceCheck = end + Self.stride
        let needed = max(0, (expectedSize ?? end) - end)
        guard try staging.freeBytes() - store.reserveBytes >= needed else { throw outOfSpace(nil) }
    }

    private func outOfSpace(_ reason: String?) -> StoreError {
        // What is unpacked on the way becomes larger than what was announced.
        let missing = expectedSize.flatMap { $0 > end ? ByteCount($0 - end) : nil }
        let needed = missing.map { "needs \($0) more" } ?? "needs more after \(ByteCount(end))"
        let free = (try? staging.freeBytes()).map { "\(ByteCount($0)) free" } ?? "free space unknown"
        let reserve = store.reserveBytes > 0 ? ", \(ByteCount(store.reserveBytes)) kept free (reserve_bytes)" : ""
        return StoreError(
            .capacityExceeded,
            "store \(store.name): \(file.path) \(needed), \(free)\(reserve)" + (reason.map { ": \($0)" } ?? ""),
            isTransient: true)
    }
}

import CLinux
import Glibc
import ImageModel

/// An open file; closed when the last reference is gone.
///
/// Not `Sendable`: an open file belongs to the thread that does its blocking calls.
package final class OpenFile {
    package let descriptor: Int32
    package let path: String
    private var isLocked = false

    package init(adopting descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        // Without this the lock would outlast the file while a program is being started: until it runs, it has copies of
        // all descriptors.
        if isLocked {
            var lock = flock()
            lock.l_type = Int16(F_UNLCK)
            lock.l_whence = Int16(SEEK_SET)
            _ = fcntl(descriptor, LinuxConstants.setDescriptionLock, &lock)
        }
        close(descriptor)
    }

    package enum LockKind {
        case exclusive
        case shared
    }

    /// Takes a lock that belongs to this open file description, and so dies with the process; false when another
    /// description holds one that excludes it (fcntl(2), `F_OFD_SETLK`).
    package func tryLock(_ kind: LockKind) throws(SystemCallError) -> Bool {
        var lock = flock()
        lock.l_type = Int16(kind == .exclusive ? F_WRLCK : F_RDLCK)
        lock.l_whence = Int16(SEEK_SET)
        do {
            try systemCall("lock", path) { fcntl(descriptor, LinuxConstants.setDescriptionLock, &lock) }
            isLocked = true
            return true
        } catch  where error.number == EAGAIN || error.number == EACCES {
            return false
        }
    }

    package func status() throws(SystemCallError) -> FileStatus {
        var status = stat()
        try systemCall("read the status of", path) { fstat(descriptor, &status) }
        return FileStatus(status)
    }

    func truncate(to size: Int64) throws(SystemCallError) {
        try systemCall("truncate", path) { ftruncate(descriptor, off_t(size)) }
    }

    func setMode(_ mode: mode_t) throws(SystemCallError) {
        try systemCall("change the mode of", path) { fchmod(descriptor, mode) }
    }

    /// Turns direct input and output on or off; answers false when the file system refuses it (open(2), `EINVAL`).
    func setDirect(_ isDirect: Bool) throws(SystemCallError) -> Bool {
        let flags = try systemCall("read the flags of", path) { fcntl(descriptor, F_GETFL) }
        let wanted = isDirect ? flags | LinuxConstants.directFlag : flags & ~LinuxConstants.directFlag
        do {
            try systemCall("set the flags of", path) { fcntl(descriptor, F_SETFL, wanted) }
            return true
        } catch  where error.number == EINVAL {
            return false
        }
    }

    /// Writes some of the bytes, at least one, and returns how many.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemCallError) -> Int {
        let count = try systemCall("write", path) { pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) }
        guard count > 0 else { throw SystemCallError(attempt: "write", path: path, number: ENOSPC) }
        return count
    }

    /// Writes a few bytes at the beginning, all of them.
    package func write(_ bytes: [UInt8]) throws(SystemCallError) {
        let count = try systemCall("write", path) { pwrite(descriptor, bytes, bytes.count, 0) }
        guard count == bytes.count else { throw SystemCallError(attempt: "write", path: path, number: ENOSPC) }
    }

    /// Takes bytes over from the same place of another file, as shared blocks where the file system has them
    /// (ioctl_ficlonerange(2)), else copied by the kernel (copy_file_range(2)).
    ///
    /// - Returns: How many; 0 when neither works between these two files.
    func takeOver(_ source: OpenFile, from offset: Int64, length: Int64) throws(SystemCallError) -> Int64 {
        if clinux_clone_range(descriptor, source.descriptor, off_t(offset), off_t(length)) == 0 { return length }
        do {
            return try Int64(
                systemCall("copy \(source.path) to", path) {
                    clinux_copy_range(descriptor, source.descriptor, off_t(offset), Int(length))
                })
        } catch  where [EXDEV, EOPNOTSUPP, EINVAL, ENOSYS, EPERM, ETXTBSY, EBADF].contains(error.number) {
            return 0
        }
    }

    /// Fills all of `buffer` from `offset`.
    ///
    /// - Throws: With `EIO` when the file ends before.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemCallError) {
        var count = 0
        while count < buffer.count {
            let length = try systemCall("read", path) {
                pread(
                    descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count,
                    off_t(offset) + off_t(count))
            }
            guard length > 0 else { throw SystemCallError(attempt: "read", path: path, number: EIO) }
            count += length
        }
    }

    /// The first `limit` bytes.
    package func read(limit: Int) throws(SystemCallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let length = try systemCall("read", path) {
                bytes.withUnsafeMutableBytes { buffer in
                    pread(descriptor, buffer.baseAddress?.advanced(by: count), limit - count, off_t(count))
                }
            }
            if length == 0 { break }
            count += length
        }
        return Array(bytes[..<count])
    }

    /// Makes the bytes durable, with what is needed to read them (fdatasync(2)).
    package func synchronizeData() throws(SystemCallError) {
        try systemCall("synchronize", path) { fdatasync(descriptor) }
    }

    /// Makes the bytes and the attributes durable (fsync(2)).
    package func synchronize() throws(SystemCallError) {
        try systemCall("synchronize", path) { fsync(descriptor) }
    }

    /// Lets go of clean pages, a hint that cannot fail in a way that matters (posix_fadvise(2)).
    package func dropPages(from offset: Int64, length: Int64) {
        _ = posix_fadvise(descriptor, off_t(offset), off_t(length), POSIX_FADV_DONTNEED)
    }
}

/// What of stat(2) a store looks at.
package struct FileStatus {
    package let size: Int64
    let linkCount: Int
    let isRegularFile: Bool
    /// When the bytes were last written.
    let modifiedAt: Timestamp
    /// Equal for two names of one file.
    let identity: [UInt64]

    init(_ status: stat) {
        size = Int64(status.st_size)
        linkCount = Int(status.st_nlink)
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        modifiedAt = Timestamp(
            microseconds: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1_000)
        identity = [UInt64(status.st_dev), UInt64(status.st_ino)]
    }
}

/// Values of the Linux interface that the C library shows only to programs that ask for its extensions.
enum LinuxConstants {
    /// `F_OFD_SETLK`, the same on every architecture (include/uapi/asm-generic/fcntl.h).
    static let setDescriptionLock: Int32 = 37

    /// `O_DIRECT`, which arm numbers differently (arch/arm64/include/uapi/asm/fcntl.h).
    #if arch(arm64) || arch(arm)
    static let directFlag: Int32 = 0o200000
    #else
    static let directFlag: Int32 = 0o40000
    #endif
}

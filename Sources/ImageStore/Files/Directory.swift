package import Glibc

/// An open directory, below which names are resolved one at a time and never through a symbolic link.
///
/// Every name given to it is a single path component that this target made.
package final class Directory {
    package let path: String
    private let descriptor: Int32

    /// Opens a directory by its path.
    package init(path: String) throws(SystemCallError) {
        descriptor = try systemCall("open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        self.path = path
    }

    private init(adopting descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// Makes a directory and its missing parents, durably.
    package static func makeAll(_ path: String, mode: mode_t) throws(SystemCallError) {
        var made = ""
        for component in path.split(separator: "/") {
            let parent = made.isEmpty ? "/" : made
            made += "/\(component)"
            let current = made
            do {
                try systemCall("make directory", current) { mkdir(current, mode) }
                try Directory(path: parent).synchronize()
            } catch  where error.number == EEXIST {
                continue
            }
        }
    }

    /// Opens a directory in this one.
    package func directory(_ name: String) throws(SystemCallError) -> Directory {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let opened = try systemCall("open", child(name)) { openat(descriptor, name, flags) }
        return Directory(adopting: opened, path: child(name))
    }

    /// Makes a directory in this one, durably, unless it is there already.
    package func makeDirectory(_ name: String, mode: mode_t) throws(SystemCallError) {
        do {
            try systemCall("make directory", child(name)) { mkdirat(descriptor, name, mode) }
        } catch  where error.number == EEXIST {
            return
        }
        try synchronize()
    }

    /// Opens a file in this directory; a result, because its callers go on after some of the errors.
    package func tryOpen(_ name: String, flags: Int32, mode: mode_t = 0) -> Result<OpenFile, SystemCallError> {
        Result { () throws(SystemCallError) in
            let opened = try systemCall("open", child(name)) {
                openat(descriptor, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
            }
            return OpenFile(adopting: opened, path: child(name))
        }
    }

    /// What a name stands for; nil when there is no such name.
    func status(of name: String) throws(SystemCallError) -> FileStatus? {
        var status = stat()
        do {
            try systemCall("read the status of", child(name)) {
                fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW)
            }
        } catch  where error.number == ENOENT {
            return nil
        }
        return FileStatus(status)
    }

    /// Gives a file a second name in `other`; false when that name is taken, which is then untouched.
    func link(_ name: String, into other: Directory, as newName: String) throws(SystemCallError) -> Bool {
        do {
            try systemCall("link \(child(name)) as", other.child(newName)) {
                linkat(descriptor, name, other.descriptor, newName, 0)
            }
            return true
        } catch  where error.number == EEXIST {
            return false
        }
    }

    /// Removes a file's name; false when there was none.
    @discardableResult
    package func remove(_ name: String) throws(SystemCallError) -> Bool {
        do {
            try systemCall("remove", child(name)) { unlinkat(descriptor, name, 0) }
            return true
        } catch  where error.number == ENOENT {
            return false
        }
    }

    /// Makes the names in this directory durable.
    func synchronize() throws(SystemCallError) {
        try systemCall("synchronize", path) { fsync(descriptor) }
    }

    /// The first name for which `isStrange` holds, in the order of the file system.
    package func firstEntry(where isStrange: (String) -> Bool) throws(SystemCallError) -> String? {
        guard let stream = opendir(path) else {
            throw SystemCallError(attempt: "list", path: path, number: errno)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", isStrange(name) { return name }
        }
        return nil
    }

    /// Bytes that the file system still gives to this process (statvfs(3), `f_bavail`).
    ///
    /// - Throws: With `EROFS` when it takes none because it is mounted read-only, as after an error of the disk.
    package func freeBytes() throws(SystemCallError) -> Int64 {
        var status = statvfs()
        try systemCall("read the free space of", path) { fstatvfs(descriptor, &status) }
        guard status.f_flag & UInt(ST_RDONLY) == 0 else {
            throw SystemCallError(attempt: "write below", path: path, number: EROFS)
        }
        let (bytes, isHuge) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return isHuge ? .max : Int64(clamping: bytes)
    }

    /// The number of the file system that this directory is on (stat(2), `st_dev`).
    func device() throws(SystemCallError) -> UInt64 {
        var status = stat()
        try systemCall("read the status of", path) { fstat(descriptor, &status) }
        return UInt64(status.st_dev)
    }

    private func child(_ name: String) -> String { "\(path)/\(name)" }
}

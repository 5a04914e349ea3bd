import Glibc
import ImageModel

/// The blocking halves of what concerns objects and left-over staging files.
extension FileStore {
    func object(_ file: FileStoreLayout.FileName, size: Int64) -> StoredObject {
        StoredObject(objectKey: file.objectKey, url: location.appending(file.objectKey), size: size)
    }

    func committedObjectNow(_ file: FileStoreLayout.FileName) throws(StoreError) -> StoredObject? {
        try storeErrors(in: name) {
            guard let directory = try objectDirectory(of: file), let status = try directory.status(of: file.name)
            else { return nil }
            guard status.isRegularFile else {
                throw StoreError(
                    .storeUnavailable, "store \(name): \(directory.path)/\(file.name) is not a file",
                    isTransient: false)
            }
            // A writer killed between giving the name and making it durable left that to whoever believes in it.
            try directory.synchronize()
            return object(file, size: status.size)
        }
    }

    /// Opens an object's file for reading.
    func openObjectNow(_ file: FileStoreLayout.FileName) throws -> (file: OpenFile, size: Int64) {
        guard let directory = try objectDirectory(of: file) else {
            throw SystemCallError(attempt: "open", path: "\(location.path)/\(file.objectKey)", number: ENOENT)
        }
        let opened = try directory.tryOpen(file.name, flags: O_RDONLY | O_NONBLOCK).get()
        let status = try opened.status()
        guard status.isRegularFile else {
            throw SystemCallError(attempt: "read", path: opened.path, number: EINVAL)
        }
        return (opened, status.size)
    }

    func discardNow(_ file: FileStoreLayout.FileName) throws(StoreError) {
        try storeErrors(in: name) {
            let staging = try Directory(path: location.path).directory(FileStoreLayout.staging)
            guard try lockStaging(file, in: staging, flags: O_RDWR) != nil else { return }
            try staging.remove(file.name)
            try staging.synchronize()
        }
    }

    func deleteNow(_ file: FileStoreLayout.FileName) throws(StoreError) {
        try storeErrors(in: name) {
            guard let directory = try objectDirectory(of: file), try directory.remove(file.name) else { return }
            try directory.synchronize()
        }
    }

    /// The directory in which a file's object lies or would lie; nil when there is no such directory yet.
    private func objectDirectory(of file: FileStoreLayout.FileName) throws -> Directory? {
        let objects = try Directory(path: location.path).directory(FileStoreLayout.objects)
        do {
            return try objects.directory(file.prefix)
        } catch  where error.number == ENOENT {
            return nil
        }
    }

    /// Opens and locks the file that the staging name stands for at that moment; nil when there is none and `flags`
    /// do not ask to make one.
    ///
    /// The lock is on the file, not on its name: between opening and locking, whoever held it may have removed the
    /// name. A file without its name is of no use, so this looks again.
    func lockStaging(
        _ file: FileStoreLayout.FileName, in staging: Directory, flags: Int32
    ) throws -> OpenFile? {
        for _ in 0..<16 {
            let opened: OpenFile
            switch staging.tryOpen(file.name, flags: flags, mode: FileStoreModes.staged) {
            case .success(let file): opened = file
            case .failure(let error) where error.number == ENOENT && flags & O_CREAT == 0: return nil
            case .failure(let error) where error.number == EACCES:
                try unseal(file, in: staging)
                continue
            case .failure(let error): throw error
            }
            guard try opened.tryLock(.exclusive) else { throw isBeingWritten(opened) }
            let status = try opened.status()
            guard try staging.status(of: file.name)?.identity == status.identity else { continue }
            guard status.isRegularFile else {
                throw SystemCallError(attempt: "write", path: opened.path, number: EINVAL)
            }
            if status.linkCount == 1 { return opened }
            // Its writer was killed after the commit: the file is an object, and only this name of it is left over.
            try staging.remove(file.name)
        }
        throw StoreError(
            .storeUnavailable, "store \(name): \(staging.path)/\(file.name) changes all the time", isTransient: true)
    }

    /// Deals with a staging file that its writer had closed to changes when it was killed during the commit.
    private func unseal(_ file: FileStoreLayout.FileName, in staging: Directory) throws {
        let sealed = try staging.tryOpen(file.name, flags: O_RDONLY).get()
        guard try sealed.tryLock(.shared) else { throw isBeingWritten(sealed) }
        if try sealed.status().linkCount == 1 {
            try sealed.setMode(FileStoreModes.staged)
        } else {
            try staging.remove(file.name)
        }
    }

    private func isBeingWritten(_ file: OpenFile) -> StoreError {
        StoreError(
            .storeUnavailable, "store \(name): another process is writing \(file.path)", isTransient: true,
            isHeldElsewhere: true)
    }
}

import Glibc
import ImageModel
import ImageStore

/// The folder in which conversions happen: one workspace for each, and a file that names the folder.
///
/// ```
/// .longshore-scratch          the folder's id; whoever makes or sweeps workspaces holds it locked
/// longshore-<number>/lock     held locked by the process that works there
/// longshore-<number>/original
/// longshore-<number>/result
/// ```
///
/// A lock ends with its process, also when that is killed: a workspace whose lock is free is nobody's. Names that were
/// not made here are left alone. Every method blocks.
struct ScratchFolder: Sendable {
    let path: String
    /// The name of the space in the catalog.
    let name: StoreName

    private static let marker = ".longshore-scratch"
    private static let prefix = "longshore-"
    static let lock = "lock"

    /// Makes the folder and gives it an id, unless it has one.
    init(path: String) throws(StoreError) {
        let unnamed: StoreName = try Self.name("new", path)
        self.path = path
        name = try storeErrors(in: unnamed) {
            try Directory.makeAll(path, mode: 0o700)
            let file = try Self.lockedMarker(of: Directory(path: path))
            defer { flock(file.descriptor, LOCK_UN) }
            let known = String(decoding: try file.read(limit: 64), as: UTF8.self)
            if !known.isEmpty { return try Self.name(known, path) }
            let id = String(UInt64.random(in: .min ... .max), radix: 16)
            try file.write(Array(id.utf8))
            try file.synchronize()
            return try Self.name(id, path)
        }
    }

    private static func name(_ id: String, _ path: String) throws(StoreError) -> StoreName {
        guard let name = StoreName.scratch(id) else {
            throw StoreError(
                .storeUnavailable, "\(path)/\(marker) is not that of a scratch folder", isTransient: false)
        }
        return name
    }

    /// The marker, locked until it is closed; waits for whoever holds it now.
    private static func lockedMarker(of folder: Directory) throws(SystemCallError) -> OpenFile {
        let file = try folder.tryOpen(marker, flags: O_RDWR | O_CREAT, mode: 0o600).get()
        try systemCall("lock", file.path) { flock(file.descriptor, LOCK_EX) }
        return file
    }

    /// Bytes that the file system still gives to this account.
    func freeBytes() throws(SystemCallError) -> Int64 {
        try Directory(path: path).freeBytes()
    }

    /// Makes a workspace that lasts as long as the lock that is returned with it, after what the dead left was removed.
    func makeWorkspace() throws(SystemCallError) -> (path: String, lock: OpenFile) {
        let folder = try Directory(path: path)
        let marker = try Self.lockedMarker(of: folder)
        defer { flock(marker.descriptor, LOCK_UN) }
        try sweep(folder)
        let name = Self.prefix + String(UInt64.random(in: .min ... .max), radix: 16)
        try folder.makeDirectory(name, mode: 0o700)
        let lock = try folder.directory(name).tryOpen(Self.lock, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600).get()
        // Nobody else has it: it was just made, and nobody sweeps meanwhile.
        _ = try lock.tryLock(.exclusive)
        return ("\(path)/\(name)", lock)
    }

    /// Removes every workspace whose process is dead; returns how many these were.
    @discardableResult
    func sweep() throws(SystemCallError) -> Int {
        let folder = try Directory(path: path)
        let marker = try Self.lockedMarker(of: folder)
        defer { flock(marker.descriptor, LOCK_UN) }
        return try sweep(folder)
    }

    @discardableResult
    private func sweep(_ folder: Directory) throws(SystemCallError) -> Int {
        var names: [String] = []
        _ = try folder.firstEntry { name in
            if name.hasPrefix(Self.prefix) { names.append(name) }
            return false
        }
        var count = 0
        for name in names where try isAbandoned(name, in: folder) {
            try remove("\(path)/\(name)")
            count += 1
        }
        return count
    }

    private func isAbandoned(_ name: String, in folder: Directory) throws(SystemCallError) -> Bool {
        guard let workspace = try? folder.directory(name) else { return false }
        switch workspace.tryOpen(Self.lock, flags: O_RDWR) {
        case .success(let file): return try file.tryLock(.exclusive)
        case .failure(let error): return error.number == ENOENT
        }
    }

    /// Removes a workspace and its files; what else lies there keeps it.
    func remove(_ workspace: String) throws(SystemCallError) {
        let directory = try Directory(path: workspace)
        // The lock last: as long as it is there, it tells the dead from the living.
        for name in [WorkspaceFile.original, WorkspaceFile.result, Self.lock] { try directory.remove(name) }
        try systemCall("remove", workspace) { rmdir(workspace) }
    }
}

/// The names of the files of a workspace: fixed, so that nothing can be read out of them.
enum WorkspaceFile {
    static let original = "original"
    static let result = "result"
}

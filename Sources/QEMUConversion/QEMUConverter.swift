public import ImageConversion
public import ImageModel
public import ImageStore
import Synchronization

/// Converts with qemu-img(1), in a folder of its own and inside a ``Sandbox``.
public final class QEMUConverter: ImageConverter {
    /// `scratch:` and the id that the folder keeps.
    public let scratch: StoreName
    private let folder: ScratchFolder
    private let searchPath: [String]
    private let sandbox: Mutex<Sandbox>

    /// Opens a folder, makes it when there is none, and removes what killed processes left there.
    ///
    /// - Parameters:
    ///   - path: `worker.scratch.path`.
    ///   - searchPath: Where programs are looked for.
    /// - Throws: ``StoreError`` when the folder cannot be used. That something to convert with is missing is told by
    ///   ``requireReady()``.
    public init(path: String, searchPath: [String] = Sandbox.systemPath) async throws(StoreError) {
        let folder = try await Self.blocking(nil) { () throws(StoreError) in
            let folder = try ScratchFolder(path: path)
            _ = try storeErrors(in: folder.name) { try folder.sweep() }
            return folder
        }
        self.folder = folder
        self.searchPath = searchPath
        scratch = folder.name
        sandbox = Mutex(await Sandbox.detect(in: searchPath))
    }

    /// What runs conversions, and what it does not keep from them.
    public var sandboxReport: Sandbox { sandbox.withLock { $0 } }

    /// What the file system still gives to this account.
    public func freeBytes() async throws(StoreError) -> Int64? {
        let folder = folder
        return try await Self.blocking(scratch) { () throws(StoreError) in
            try storeErrors(in: folder.name) { try folder.freeBytes() }
        }
    }

    /// Looks again when something was missing: it may have been installed meanwhile.
    public func requireReady() async throws(ConversionError) {
        guard sandboxReport.problem != nil else { return }
        let found = await Sandbox.detect(in: searchPath)
        sandbox.withLock { $0 = found }
        if let problem = found.problem { throw ConversionError(.conversionFailed, problem) }
    }

    /// Makes a folder in the scratch space that only this account may enter, and holds it locked.
    public func withWorkspace<Result: Sendable>(
        _ body: (any ConversionWorkspace) async throws -> Result
    ) async throws -> Result {
        let (folder, scratch) = (folder, scratch)
        let made = try await Self.blocking(scratch) { () throws(StoreError) in
            try storeErrors(in: scratch) { () throws -> HeldWorkspace in
                let (path, lock) = try folder.makeWorkspace()
                return HeldWorkspace(path: path, lock: lock)
            }
        }
        let ended: Swift.Result<Result, any Error>
        do {
            let workspace = try QEMUWorkspace(path: made.path, scratch: scratch, sandbox: sandboxReport)
            ended = .success(try await body(workspace))
        } catch {
            ended = .failure(error)
        }
        // What cannot be removed now is removed by whoever comes next, once the lock is free.
        _ = try? await Self.blocking(scratch) { () throws(StoreError) in
            try storeErrors(in: scratch) { try folder.remove(made.path) }
        }
        made.letGo()
        return try ended.get()
    }

    private static func blocking<Value: Sendable>(
        _ name: StoreName?, _ body: @escaping @Sendable () throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let thread: IOThread
        do throws(SystemCallError) {
            thread = try IOThread()
        } catch {
            throw StoreError(
                .storeUnavailable, "\(name.map { "\($0)" } ?? "scratch space"): \(error.reason)", isTransient: true)
        }
        return try await thread.run(body)
    }
}

/// A workspace and the lock that keeps it ours.
private final class HeldWorkspace: Sendable {
    let path: String
    private let lock: Mutex<OpenFile?>

    init(path: String, lock: sending OpenFile) {
        self.path = path
        self.lock = Mutex(lock)
    }

    func letGo() {
        lock.withLock { $0 = nil }
    }
}

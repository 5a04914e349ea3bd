import Glibc
public import ImageModel

/// Images as files below one directory.
///
/// Bytes are staged in a file that its writer holds locked, past the page cache where the file system allows it, and
/// become an object by a new name: a crash at any instant leaves a staging file or a whole object, never half of one.
/// The lock belongs to the open file and so ends with the process, also when it is killed. All blocking calls run on
/// threads of their own, one for each open staging.
public struct FileStore: ImageStore {
    /// The configured name.
    public let name: StoreName
    let location: FileURL
    /// `stores.<name>.reserve_bytes`.
    public let reserveBytes: Int64

    /// A store below the directory that a `file:///path` URL names; touches nothing yet.
    ///
    /// - Parameters:
    ///   - name: The configured name, with which error sentences begin.
    ///   - url: `stores.<name>.url`; percent encoding is undone.
    ///   - reserveBytes: `stores.<name>.reserve_bytes`: what stays free on the file system.
    /// - Throws: ``StoreError`` with `storeUnavailable`, not transient, when the URL is not of that form.
    public init(name: StoreName, url: String, reserveBytes: Int64 = 0) throws(StoreError) {
        guard let location = FileURL(url) else {
            throw StoreError(
                .storeUnavailable, "store \(name): its URL is not like file:///path", isTransient: false)
        }
        self.name = name
        self.location = location
        self.reserveBytes = max(0, reserveBytes)
    }

    /// Makes the directory and writes the marker when there is nothing yet; checks the marker when there is one.
    public func adopt(for catalog: CatalogID) async throws(StoreError) {
        try await blocking { () throws(StoreError) in try adoptNow(for: catalog) }
    }

    /// The moment at which the marker was made: no two directories share it.
    public func identity() async throws(StoreError) -> StoreIdentity? {
        try await blocking { () throws(StoreError) in try identityNow() }
    }

    /// Opens the staging file, locked and empty, lends it to `body`, and closes it.
    public func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await withStaging(transfer, keeping: 0, expectedSize: expectedSize, body)
    }

    /// Opens the staging file, locked and cut to the bytes that are kept, lends it to `body`, and closes it.
    public func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        let file = try FileStoreLayout.FileName(transfer, in: name)
        let staged = try FileStaging(of: self, file, expectedSize: expectedSize)
        try await staged.open(keeping: durableBytes)
        do {
            let result = try await body(staged)
            await staged.close()
            return result
        } catch {
            await staged.close()
            throw error
        }
    }

    /// The object a transfer committed, made durable again before it is reported.
    public func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        let file = try FileStoreLayout.FileName(transfer, in: name)
        return try await blocking { () throws(StoreError) in try committedObjectNow(file) }
    }

    /// Removes the staging file unless its writer lives.
    public func discard(_ transfer: TransferID) async throws(StoreError) {
        let file = try FileStoreLayout.FileName(transfer, in: name)
        try await blocking { () throws(StoreError) in try discardNow(file) }
    }

    /// Opens an object's file, lends it to `body`, and closes it.
    public func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        let file = try FileStoreLayout.FileName(objectKey: objectKey, in: name)
        let object = try FileObject(of: self, file)
        try await object.open()
        do {
            let result = try await body(object)
            await object.close()
            return result
        } catch {
            await object.close()
            throw error
        }
    }

    /// Whether both lie on one file system: across two, the kernel can do nothing that this process cannot.
    public func canClone(from other: any ImageStore) async -> Bool {
        guard let other = other as? FileStore else { return false }
        let places = [location.path, other.location.path]
        let devices = try? await blocking { () throws(StoreError) in
            try storeErrors(in: name) { try places.map { try Directory(path: $0).device() } }
        }
        return devices.map { $0[0] == $0[1] } ?? false
    }

    /// Removes an object's file. A key that this store did not make is refused with `internal`.
    public func delete(objectKey: String) async throws(StoreError) {
        let file = try FileStoreLayout.FileName(objectKey: objectKey, in: name)
        try await blocking { () throws(StoreError) in try deleteNow(file) }
    }

    /// What the file system still gives to this account.
    public func freeBytes() async throws(StoreError) -> Int64? {
        try await blocking { () throws(StoreError) in
            try storeErrors(in: name) { try Directory(path: location.path).freeBytes() }
        }
    }

    func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let thread = try storeErrors(in: name) { try IOThread() }
        return try await thread.run(body)
    }
}

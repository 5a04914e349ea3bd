import Glibc
import ImageModel

/// The marker of a file store is a file at its root.
extension StoreMarker {
    /// The marker of a file store that is adopted now.
    init(catalog: CatalogID, store: StoreName) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        self.init(catalog: catalog, store: store, madeAt: Timestamp(microseconds: microseconds))
    }

    /// The marker in `root`; nil when there is none.
    init?(in root: Directory, of store: StoreName) throws(StoreError) {
        let bytes: [UInt8]
        switch root.tryOpen(FileStoreLayout.marker, flags: O_RDONLY) {
        case .success(let file): bytes = try storeErrors(in: store) { try file.read(limit: Self.sizeLimit) }
        case .failure(let error) where error.number == ENOENT: return nil
        case .failure(let error): throw StoreError(error, in: store)
        }
        try self.init(bytes, of: store, in: root.path)
    }

    /// Puts the marker in place unless one is there already, whole or not at all.
    func write(into root: Directory) throws(SystemCallError) {
        let temporary = Self.temporaryPrefix + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let file = try root.tryOpen(temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: FileStoreModes.staged)
            .get()
        defer { _ = try? root.remove(temporary) }
        try file.write(encoded)
        try file.setMode(FileStoreModes.committed)
        try file.synchronize()
        _ = try root.link(temporary, into: root, as: FileStoreLayout.marker)
        try root.synchronize()
    }

    /// Whether a name in a root without a marker may be there: a worker that adopts at the same time, or died while
    /// it did, leaves its temporary marker; a new file system comes with `lost+found`.
    static func isExpected(_ name: String) -> Bool {
        name == FileStoreLayout.marker || name.hasPrefix(temporaryPrefix) || name == "lost+found"
    }

    private static let sizeLimit = 4_096
    private static let temporaryPrefix = "\(FileStoreLayout.marker)."
}

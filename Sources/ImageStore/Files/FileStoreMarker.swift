import FoundationEssentials
import Glibc
import ImageModel

/// The file `.longshore` at the root of a file store, which says whose store it is (decision D11).
struct FileStoreMarker: Codable {
    /// The layout's version; another layout gets another number.
    var version = Self.currentVersion
    /// The catalog that alone knows what the objects are.
    var catalog: CatalogID
    /// The name under which that catalog's replicas point here.
    var store: StoreName
    /// When the store was adopted, RFC 3339.
    var madeAt: String

    static let currentVersion = 1

    private enum CodingKeys: String, CodingKey {
        case version
        case catalog
        case store
        case madeAt = "made_at"
    }

    init(catalog: CatalogID, store: StoreName) {
        self.catalog = catalog
        self.store = store
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        madeAt = Timestamp(microseconds: microseconds).description
    }

    /// The marker in `root`; nil when there is none.
    init?(in root: Directory, of store: StoreName) throws(StoreError) {
        let bytes: [UInt8]
        switch root.tryOpen(FileStoreLayout.marker, flags: O_RDONLY) {
        case .success(let file): bytes = try storeErrors(in: store) { try file.read(limit: Self.sizeLimit) }
        case .failure(let error) where error.number == ENOENT: return nil
        case .failure(let error): throw StoreError(error, in: store)
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw StoreError(
                .storeUnavailable,
                "store \(store): \(root.path)/\(FileStoreLayout.marker) is not a marker of Longshore",
                isTransient: false)
        }
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

    private var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        // Three strings and a number always encode; an empty marker would be refused when it is read back.
        return Array((try? encoder.encode(self)) ?? Data()) + [UInt8(ascii: "\n")]
    }
}

import FoundationEssentials
import ImageModel
import ImageStore

/// The object `.longshore` below the prefix of an S3 store, which says whose store it is (decision D11).
struct S3StoreMarker: Codable {
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

    init(catalog: CatalogID, store: StoreName, madeAt: Timestamp) {
        self.catalog = catalog
        self.store = store
        self.madeAt = madeAt.description
    }

    init(_ bytes: [UInt8], in place: S3Place) throws(StoreError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw StoreError(
                .storeUnavailable, "store \(place.name): \(place)/\(S3Layout.marker) is not a marker of Longshore",
                isTransient: false)
        }
    }

    var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        // Three strings and a number always encode; an empty marker would be refused when it is read back.
        return Array((try? encoder.encode(self)) ?? Data()) + [UInt8(ascii: "\n")]
    }

    /// Refuses a store that is another catalog's, or this one's under another name.
    func check(for catalog: CatalogID, in place: S3Place) throws(StoreError) {
        guard version == Self.currentVersion else {
            throw StoreError(
                .storeUnavailable,
                "store \(place.name): \(place) has layout \(version), this worker understands \(Self.currentVersion)",
                isTransient: false)
        }
        guard self.catalog == catalog else {
            throw StoreError(
                .policyDenied, "store \(place.name): \(place) belongs to catalog \(self.catalog), not to \(catalog)",
                isTransient: false)
        }
        guard store == place.name else {
            throw StoreError(
                .policyDenied,
                "store \(place.name): \(place) was adopted under the name \(store), to which replicas point",
                isTransient: false)
        }
    }
}

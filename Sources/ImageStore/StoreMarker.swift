import FoundationEssentials
package import ImageModel

/// What lies at the root of a store under the name `.longshore` and says whose store it is (decision D11).
package struct StoreMarker: Codable, Sendable {
    /// The layout's version; another layout gets another number.
    private var version = Self.currentVersion
    /// The catalog that alone knows what the objects are.
    private var catalog: CatalogID
    /// The name under which that catalog's replicas point here.
    private var store: StoreName
    /// When the store was adopted, RFC 3339.
    private var madeAt: String

    private static let currentVersion = 1

    private enum CodingKeys: String, CodingKey {
        case version
        case catalog
        case store
        case madeAt = "made_at"
    }

    /// The marker of a store that is adopted now.
    package init(catalog: CatalogID, store: StoreName, madeAt: Timestamp) {
        self.catalog = catalog
        self.store = store
        self.madeAt = madeAt.description
    }

    /// The marker that was found in a place.
    ///
    /// - Throws: ``StoreError`` with `storeUnavailable` when it is none.
    package init(_ bytes: [UInt8], of store: StoreName, in place: String) throws(StoreError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw StoreError(
                .storeUnavailable, "store \(store): \(place)/.longshore is not a marker of Longshore",
                isTransient: false)
        }
    }

    /// The moment at which it was made: no two places share it.
    package var identity: StoreIdentity { StoreIdentity(madeAt) }

    /// What is written down.
    package var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        // Three strings and a number always encode; an empty marker would be refused when it is read back.
        return Array((try? encoder.encode(self)) ?? Data()) + [UInt8(ascii: "\n")]
    }

    /// Refuses a place that is another catalog's, or this one's under another name.
    ///
    /// - Throws: ``StoreError`` with `policyDenied` for those, with `storeUnavailable` for another layout.
    package func check(for catalog: CatalogID, of name: StoreName, in place: String) throws(StoreError) {
        guard version == Self.currentVersion else {
            throw StoreError(
                .storeUnavailable,
                "store \(name): \(place) has layout \(version), this worker understands \(Self.currentVersion)",
                isTransient: false)
        }
        guard self.catalog == catalog else {
            throw StoreError(
                .policyDenied, "store \(name): \(place) belongs to catalog \(self.catalog), not to \(catalog)",
                isTransient: false)
        }
        guard store == name else {
            throw StoreError(
                .policyDenied,
                "store \(name): \(place) was adopted under the name \(store), to which replicas point",
                isTransient: false)
        }
    }
}

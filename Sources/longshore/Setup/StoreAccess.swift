import Catalog
import ImageModel
import ImageStore
import LongshoreSettings
import S3Store

/// How this installation reaches its stores.
enum StoreAccess {
    /// The stores by name, not yet adopted.
    static func make(_ settings: Settings) throws(CommandTrouble) -> [StoreName: any ImageStore] {
        var stores: [StoreName: any ImageStore] = [:]
        for (name, store) in settings.stores.sorted(by: { $0.key < $1.key }) {
            do throws(StoreError) {
                if let configuration = try S3Access.configuration(of: name, store, settings) {
                    stores[name] = try S3Store(name: name, configuration)
                } else {
                    stores[name] = try FileStore(
                        name: name, url: store.url.revealed, reserveBytes: store.reserve.bytes)
                }
            } catch {
                throw CommandTrouble(error)
            }
        }
        return stores
    }

    /// Makes every store ready for a catalog, or says which belongs to another one, and which is another place than the
    /// other workers of the catalog know under its name.
    static func adopt(
        _ stores: [StoreName: any ImageStore], for catalog: ImageCatalog
    ) async throws(CommandTrouble) {
        do {
            let id = try await catalog.read { try $0.catalogID() }
            for store in stores.values.sorted(by: { $0.name < $1.name }) { try await adopt(store, id, catalog) }
        } catch let error as CatalogError {
            throw CommandTrouble(error)
        } catch let error as StoreError {
            throw CommandTrouble(error)
        } catch {
            throw CommandTrouble(.usage, "\(error)")
        }
    }

    private static let sharing =
        "Workers of one catalog must share their file stores (by a network file system), or use s3:// stores"

    private static func adopt(_ store: any ImageStore, _ id: CatalogID, _ catalog: ImageCatalog) async throws {
        let known = try await catalog.identity(ofStore: store.name)
        if let known, try await store.identity() == nil {
            // Adopting would make an empty store of what is only not mounted.
            throw StoreError(
                .storeUnavailable,
                "store \(store.name): there is no marker, though the catalog knows this store since \(known); is its "
                    + "file system mounted? \(sharing)", isTransient: true)
        }
        try await store.adopt(for: id)
        guard let found = try await store.identity() else { return }
        let recorded = try await catalog.recordIdentity(found, ofStore: store.name)
        guard recorded == found else {
            throw StoreError(
                .policyDenied,
                "store \(store.name): this place was made at \(found), the one that other workers of the catalog use at "
                    + "\(recorded). \(sharing)", isTransient: false)
        }
    }
}

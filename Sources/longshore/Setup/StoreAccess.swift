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

    /// Makes every store ready for a catalog, or says which belongs to another one.
    static func adopt(
        _ stores: [StoreName: any ImageStore], for catalog: ImageCatalog
    ) async throws(CommandTrouble) {
        let id: CatalogID
        do throws(CatalogError) {
            id = try await catalog.read { try $0.catalogID() }
        } catch {
            throw CommandTrouble(error)
        }
        for store in stores.values.sorted(by: { $0.name < $1.name }) {
            do throws(StoreError) {
                try await store.adopt(for: id)
            } catch {
                throw CommandTrouble(error)
            }
        }
    }
}

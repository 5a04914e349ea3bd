import Catalog
import ImageModel
import ImageStore
import Logging
import LongshoreSettings
import S3Store

/// How this installation reaches its stores.
enum StoreAccess {
    /// The stores by name, not yet adopted.
    static func make(_ settings: Settings) throws(CommandTrouble) -> [StoreName: any SweptStore] {
        var stores: [StoreName: any SweptStore] = [:]
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
    ///
    /// A store that is still away when the patience of `startup` ends is adopted when it is back, unless it is the only
    /// one, or all are away: whoever has stores to work with starts, as whoever loses one goes on.
    static func adopt(
        _ stores: [StoreName: any SweptStore], for catalog: ImageCatalog, _ startup: Startup
    ) async throws -> [StoreName: any ImageStore] {
        var away = stores
        do {
            try await startup.attempt { () async throws(CommandTrouble) in
                var last: CommandTrouble?
                for store in away.values.sorted(by: { $0.name < $1.name }) {
                    do throws(CommandTrouble) {
                        try await asking { try await adopt(store, catalog) }
                        away[store.name] = nil
                    } catch {
                        guard error.mayPass else { throw error }
                        last = error
                    }
                }
                if let last { throw last }
            }
        } catch let trouble as CommandTrouble where trouble.mayPass && away.count < stores.count {
            let names = away.keys.sorted().map(\.rawValue).joined(separator: ", ")
            startup.logger.error(
                "This worker starts without a store", metadata: ["stores": "\(names)", "reason": "\(trouble.message)"])
        }
        return stores.reduce(into: [:]) { adopted, entry in
            let store = entry.value
            guard away[entry.key] != nil else {
                adopted[entry.key] = store
                return
            }
            adopted[entry.key] = LateStore(store) { () async throws(StoreError) in try await adoptLate(store, catalog) }
        }
    }

    private static func adoptLate(_ store: any SweptStore, _ catalog: ImageCatalog) async throws(StoreError) {
        do {
            try await adopt(store, catalog)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.storeUnavailable, "store \(store.name): \(error)", isTransient: true)
        }
    }

    /// Checks of a store what ``adopt(_:for:_:)`` does, and changes nothing.
    ///
    /// - Returns: Whether some worker has adopted the store.
    static func examine(_ store: any SweptStore, for catalog: ImageCatalog) async throws(CommandTrouble) -> Bool {
        try await asking {
            let id = try await catalog.read { try $0.catalogID() }
            let known = try await catalog.identity(ofStore: store.name)
            let found = try await store.identity()
            try requireMarker(found, known, of: store)
            if let found, let known { try require(found, toBe: known, of: store) }
            return try await store.isAdopted(by: id)
        }
    }

    private static func asking<Result>(_ body: () async throws -> Result) async throws(CommandTrouble) -> Result {
        do {
            return try await body()
        } catch let error as CatalogError {
            throw CommandTrouble(error)
        } catch let error as StoreError {
            throw CommandTrouble(error)
        } catch {
            throw CommandTrouble(.usage, "\(error)")
        }
    }

    private static func adopt(_ store: any SweptStore, _ catalog: ImageCatalog) async throws {
        try requireMarker(await store.identity(), await catalog.identity(ofStore: store.name), of: store)
        try await store.adopt(for: catalog.read { try $0.catalogID() })
        guard let found = try await store.identity() else { return }
        try require(found, toBe: try await catalog.recordIdentity(found, ofStore: store.name), of: store)
    }

    private static let sharing =
        "Workers of one catalog must share their file stores (by a network file system), or use s3:// stores"

    /// Adopting would make an empty store of what is only not mounted.
    private static func requireMarker(
        _ found: StoreIdentity?, _ known: StoreIdentity?, of store: any ImageStore
    ) throws(StoreError) {
        guard let known, found == nil else { return }
        throw StoreError(
            .storeUnavailable,
            "store \(store.name): there is no marker, though the catalog knows this store since \(known); is its file "
                + "system mounted? \(sharing)", isTransient: true)
    }

    private static func require(
        _ found: StoreIdentity, toBe known: StoreIdentity, of store: any ImageStore
    ) throws(StoreError) {
        guard found != known else { return }
        throw StoreError(
            .policyDenied,
            "store \(store.name): this place was made at \(found), the one that other workers of the catalog use at "
                + "\(known). \(sharing)", isTransient: false)
    }
}

import Catalog
import ImageModel

extension InMemoryRows {
    func promises(in store: StoreName) throws -> SpacePromises {
        let open = tables.transfers.values.map(\.value).filter { transfer in
            transfer.store == store && (transfer.state == .staging || transfer.state == .committing)
        }
        return SpacePromises(
            outstanding: open.reduce(0) { $0 + $1.unwrittenBytes }, released: tables.released[store] ?? 0)
    }

    func noteReleased(_ bytes: Int64, in store: StoreName) throws {
        tables.released[store, default: 0] += bytes
    }

    func identity(ofStore name: StoreName) throws -> StoreIdentity? { tables.stores[name] }

    func recordIdentity(_ identity: StoreIdentity, ofStore name: StoreName) throws -> StoreIdentity {
        let known = tables.stores[name] ?? identity
        tables.stores[name] = known
        return known
    }
}

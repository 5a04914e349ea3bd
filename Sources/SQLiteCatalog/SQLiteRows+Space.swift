import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func promises(in store: StoreName) throws -> SpacePromises {
        let outstanding = """
            SELECT coalesce(sum(max(0, reserved - written)), 0) FROM transfers
            WHERE store = ? AND state IN ('staging', 'committing')
            """
        return SpacePromises(
            outstanding: try one(outstanding, [store.rawValue]) ?? 0,
            released: try one("SELECT bytes FROM released_space WHERE store = ?", [store.rawValue]) ?? 0)
    }

    func noteReleased(_ bytes: Int64, in store: StoreName) throws {
        let sql = """
            INSERT INTO released_space (store, bytes) VALUES (?, ?)
            ON CONFLICT (store) DO UPDATE SET bytes = bytes + excluded.bytes
            """
        try run(sql, [store.rawValue, bytes])
    }
}

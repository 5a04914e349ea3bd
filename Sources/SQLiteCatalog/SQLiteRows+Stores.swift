import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func identity(ofStore name: StoreName) throws -> StoreIdentity? {
        let word: String? = try one("SELECT identity FROM stores WHERE name = ?", [name.rawValue])
        return word.map(StoreIdentity.init)
    }

    func recordIdentity(_ identity: StoreIdentity, ofStore name: StoreName) throws -> StoreIdentity {
        try run(
            "INSERT OR IGNORE INTO stores (name, identity, adopted_at) VALUES (?, ?, ?)",
            [name.rawValue, identity.rawValue, now.microseconds])
        return try self.identity(ofStore: name) ?? identity
    }
}

extension Schema {
    /// 9: which place each store is. Who does not know of it adopts whatever it finds.
    static let stores = """
        CREATE TABLE stores (
            name TEXT NOT NULL PRIMARY KEY, identity TEXT NOT NULL, adopted_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}

import Catalog
import ImageModel

extension PostgreSQLRows {
    func identity(ofStore name: StoreName) throws -> StoreIdentity? {
        try first("SELECT identity FROM stores WHERE name = $1", [.text(name.rawValue)])
            .map { StoreIdentity(try $0.text("identity")) }
    }

    func recordIdentity(_ identity: StoreIdentity, ofStore name: StoreName) throws -> StoreIdentity {
        // Waits for another worker that adopts the same name, and then finds what that one recorded.
        try write(
            "INSERT INTO stores (name, identity, adopted_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
            [.text(name.rawValue), .text(identity.rawValue), .integer(now.microseconds)])
        return try self.identity(ofStore: name) ?? identity
    }
}

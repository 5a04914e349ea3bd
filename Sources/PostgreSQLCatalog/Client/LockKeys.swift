import ImageModel

/// The advisory locks of a catalog (PostgreSQL manual, 13.3.5); they last until their transaction ends.
///
/// They belong to the database, which may hold several catalogs, so the first of their two numbers is the catalog's.
struct LockKeys: Sendable {
    private let catalog: Int32

    init(catalog: CatalogID) {
        self.catalog = Int32(bitPattern: Self.hash("catalog:\(catalog)"))
    }

    /// Held in company by every transaction that writes, and alone by one that must not be disturbed.
    func everybody(isAlone: Bool) -> String {
        "SELECT pg_advisory_xact_lock\(isAlone ? "" : "_shared")(\(catalog), -1)"
    }

    /// Held by whoever begins jobs under limits that count running jobs.
    var claims: (Int32, Int32) { (catalog, -2) }

    /// Held by whoever has asked for something that was not there, or for a sum. Few, so that a large transaction does
    /// not use up the server's table of locks; two names of one number only wait for each other without need.
    func named(_ name: String) -> (Int32, Int32) { (catalog, Int32(Self.hash(name) % 1_024)) }

    /// Where workers tell each other that jobs are ready to begin.
    var channel: String { "longshore_\(UInt32(bitPattern: catalog))" }

    /// FNV-1a: the same in every process and version.
    static func hash(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}

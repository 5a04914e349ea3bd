import ImageModel

/// The advisory locks of a catalog (PostgreSQL manual, 13.3.5); they last until their transaction ends.
///
/// They belong to the database, which may hold several catalogs, so the first of their two numbers is the catalog's.
/// What each is for stands in <doc:LocksBeforeReads>.
struct LockKeys: Sendable {
    /// Locks that a transaction takes alone before anything else, or asks to be run again with.
    enum Exclusive: Int32, CaseIterable {
        /// What every transaction that writes holds in company.
        case everybody = -1
        /// Held in company by who inserts jobs and images, alone by who decides something because one is not there.
        case arrivals = -2
        /// Held in company by who counts what one owner has, alone by who counts what several have.
        case quotas = -3
    }

    private let catalog: Int32

    init(catalog: CatalogID) {
        self.catalog = Int32(bitPattern: Self.hash("catalog:\(catalog)"))
    }

    /// Takes the locks with which every writing transaction begins, always in the same order, and none before one that
    /// it may come to want.
    func beginning(alone: Set<Exclusive>) -> String {
        var statements: [String] = []
        for lock in Exclusive.allCases
        where lock == .everybody || alone.contains(lock) || lock == .arrivals && alone.contains(.quotas) {
            let function = "pg_advisory_xact_lock" + (alone.contains(lock) ? "" : "_shared")
            statements.append("SELECT \(function)(\(catalog), \(lock.rawValue))")
        }
        return statements.joined(separator: "; ")
    }

    /// Takes a lock in the company of others that do.
    func sharing(_ lock: Exclusive) -> [Parameter] { parameters(lock.rawValue) }

    /// Held by whoever begins jobs under limits that count running jobs.
    var claims: [Parameter] { parameters(-10) }

    /// Held by whoever has asked for a sum.
    func named(_ name: String) -> [Parameter] { parameters(Int32(Self.hash(name) >> 1)) }

    private func parameters(_ number: Int32) -> [Parameter] { [.integer(Int64(catalog)), .integer(Int64(number))] }

    /// Where workers tell each other that jobs are ready to begin.
    var channel: String { "longshore_\(UInt32(bitPattern: catalog))" }

    /// FNV-1a: the same in every process and version.
    static func hash(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}

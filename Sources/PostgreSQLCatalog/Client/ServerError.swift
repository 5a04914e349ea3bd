import Catalog

/// Why a statement or a connection failed.
struct ServerError: Error {
    /// The five characters of the SQL standard (PostgreSQL manual, appendix A); nil when the server did not say it.
    var state: String?
    /// What libpq or the server says of it. Neither repeats passwords or the values of parameters.
    var message: String
    /// Whether the connection can be used no more.
    var isConnectionLost: Bool

    /// Whether the same transaction may succeed if it is run again.
    var isWorthAnotherRun: Bool {
        if isConnectionLost { return true }
        guard let state else { return false }
        return Self.passing.contains(state)
    }

    /// Whether a row with the same key is there already.
    var isDuplicate: Bool { state == "23505" }

    /// Whether two transactions waited for each other.
    var isDeadLock: Bool { state == "40P01" }

    /// Serialization failure, dead lock, lock timeout, statement timeout; and the shapes in which a server says that it
    /// is going, coming, or no longer the one to write to.
    private static let passing: Set<String> = [
        "40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "57P05", "25006",
    ]

    /// What the catalog's users see of it.
    func catalogError(of place: String) -> CatalogError {
        let text = "\(place): \(message)" + (state.map { " (\($0))" } ?? "")
        guard !isWorthAnotherRun, let state else { return CatalogError(.unavailable, text) }
        switch state.prefix(2) {
        // Wrong password or user, no such database; rights; objects that are missing or of another kind.
        case "28", "3D", "3F": return CatalogError(.unusable, text)
        case "42":
            let isRight = state == "42501"
            return CatalogError(isRight || state == "42P01" ? .unusable : .corrupt, text)
        case "22", "23": return CatalogError(.corrupt, text)
        default: return CatalogError(.unavailable, text)
        }
    }
}

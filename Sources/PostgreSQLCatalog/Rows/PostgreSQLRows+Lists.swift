import Catalog
import ImageModel

/// The lists that people and other programs page through, newest first.
extension PostgreSQLRows {
    func jobs(_ filter: JobFilter) throws -> [Job] {
        var parameters: [Parameter] = [Parameter(filter.limit)]
        var conditions: [String] = []
        if let after = filter.after {
            parameters.append(.text(after.rawValue))
            conditions.append("number < (SELECT number FROM jobs WHERE id = $\(parameters.count))")
        }
        if let states = filter.states {
            parameters.append(.texts(states.map(\.rawValue).sorted()))
            conditions.append("state = ANY ($\(parameters.count)::text[])")
        }
        if let kind = filter.kind {
            parameters.append(.text(kind.rawValue))
            conditions.append("kind = $\(parameters.count)")
        }
        guard let image = filter.image else {
            return try jobs(Self.newest("body", in: "jobs", [conditions]), parameters)
        }
        parameters.append(.text(image.rawValue))
        let place = "$\(parameters.count)"
        let either = [["image = \(place)"], ["target = \(place)", "image IS DISTINCT FROM target"]]
        return try jobs(Self.newest("body", in: "jobs", either.map { $0 + conditions }), parameters)
    }

    func images(_ filter: ImageFilter) throws -> [Image] {
        var parameters: [Parameter] = [Parameter(filter.limit)]
        var conditions: [String] = []
        if let after = filter.after {
            parameters.append(.text(after.rawValue))
            conditions.append("number < (SELECT number FROM images WHERE id = $\(parameters.count))")
        }
        if let owner = filter.owner {
            parameters.append(.text(owner.rawValue))
            conditions.append("owner = $\(parameters.count)")
        }
        if let account = filter.sharedWith {
            parameters.append(.text(account.rawValue))
            conditions.append(
                "id IN (SELECT image FROM members WHERE account = $\(parameters.count) AND status = 'accepted')")
        }
        guard let statuses = filter.statuses else {
            return try all(Self.newest(Self.imageColumns, in: "images", [conditions]), parameters).map(image)
        }
        guard !statuses.isEmpty else { return [] }
        var alternatives: [[String]] = []
        for status in statuses.map(\.rawValue).sorted() {
            parameters.append(.text(status))
            alternatives.append(["status = $\(parameters.count)"] + conditions)
        }
        return try all(Self.newest(Self.imageColumns, in: "images", alternatives), parameters).map(image)
    }

    /// The newest rows for which one of several sets of conditions holds, of which no two may hold for one row.
    ///
    /// Each set is a query of its own that an index answers in the order of the numbers. With `OR` or `ANY` all that pass
    /// would be sorted before the first is taken, or all rows be looked through.
    private static func newest(_ columns: String, in table: String, _ alternatives: [[String]]) -> String {
        let order = "ORDER BY number DESC LIMIT $1"
        let queries = alternatives.map { conditions in
            let all = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
            return "SELECT number, \(columns) FROM \(table) WHERE \(all) \(order)"
        }
        guard queries.count > 1 else { return queries.joined() }
        return queries.map { "(\($0))" }.joined(separator: " UNION ALL ") + " " + order
    }
}

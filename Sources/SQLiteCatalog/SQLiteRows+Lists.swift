import Catalog
import GRDB
import ImageModel

/// The lists that people and other programs page through, newest first.
extension SQLiteRows {
    func jobs(_ filter: JobFilter) throws -> [Job] {
        var conditions: [String] = []
        var arguments: StatementArguments = ["limit": filter.limit]
        if let after = filter.after {
            conditions.append("number < (SELECT number FROM jobs WHERE id = :after)")
            arguments += ["after": after.rawValue]
        }
        if let states = filter.states {
            let names = states.map(\.rawValue).sorted().enumerated().map { index, state in
                arguments += ["state\(index)": state]
                return ":state\(index)"
            }
            conditions.append("state IN (\(names.joined(separator: ",")))")
        }
        if let kind = filter.kind {
            conditions.append("kind = :kind")
            arguments += ["kind": kind.rawValue]
        }
        guard let image = filter.image else {
            return try jobs(Self.newest("number, body", in: "jobs", [conditions]), arguments)
        }
        arguments += ["image": image.rawValue]
        let either = [["image = :image"], ["target = :image", "image IS NOT target"]]
        return try jobs(Self.newest("number, body", in: "jobs", either.map { $0 + conditions }), arguments)
    }

    func images(_ filter: ImageFilter) throws -> [Image] {
        var conditions: [String] = []
        var arguments: StatementArguments = ["limit": filter.limit]
        if let after = filter.after {
            conditions.append("number < (SELECT number FROM images WHERE id = :after)")
            arguments += ["after": after.rawValue]
        }
        if let owner = filter.owner {
            conditions.append("owner = :owner")
            arguments += ["owner": owner.rawValue]
        }
        if let account = filter.sharedWith {
            conditions.append("id IN (SELECT image FROM members WHERE account = :account AND status = 'accepted')")
            arguments += ["account": account.rawValue]
        }
        guard let statuses = filter.statuses else {
            return try all(Self.newest("*", in: "images", [conditions]), arguments).map(image)
        }
        guard !statuses.isEmpty else { return [] }
        let names = statuses.map(\.rawValue).sorted().enumerated().map { index, status in
            arguments += ["status\(index)": status]
            return ":status\(index)"
        }
        // Of one account there are few: their status is looked at, without its index.
        let isNarrow = filter.owner != nil || filter.sharedWith != nil
        let alternatives =
            isNarrow ? [["+status IN (\(names.joined(separator: ",")))"]] : names.map { ["status = \($0)"] }
        return try all(Self.newest("*", in: "images", alternatives.map { $0 + conditions }), arguments).map(image)
    }

    /// The newest rows for which one of several sets of conditions holds, of which no two may hold for one row.
    ///
    /// Each set is a query of its own that an index answers in the order of the numbers, and SQLite merges them. With `OR`
    /// or `IN` it would sort all that pass before it takes the first.
    private static func newest(_ columns: String, in table: String, _ alternatives: [[String]]) -> String {
        let queries = alternatives.map { conditions in
            let all = conditions.isEmpty ? "1" : conditions.joined(separator: " AND ")
            return "SELECT \(columns) FROM \(table) WHERE \(all)"
        }
        return queries.joined(separator: " UNION ALL ") + " ORDER BY number DESC LIMIT :limit"
    }
}

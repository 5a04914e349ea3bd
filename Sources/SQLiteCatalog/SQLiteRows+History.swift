import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func publishedEvents(_ filter: HistoryFilter) throws -> [OutboxEntry] {
        var conditions = ["destination IS NULL", "published_at IS NOT NULL", "number > ?"]
        var arguments: StatementArguments = [filter.after]
        if let image = filter.image {
            conditions.append("image = ?")
            arguments += [image.rawValue]
        }
        if let job = filter.job {
            conditions.append("job = ?")
            arguments += [job]
        }
        if let since = filter.since {
            conditions.append("event ->> '$.time' >= ?")
            arguments += [since.microseconds]
        }
        if let until = filter.until {
            conditions.append("event ->> '$.time' < ?")
            arguments += [until.microseconds]
        }
        arguments += [filter.limit]
        return try entries(
            "SELECT * FROM outbox WHERE \(conditions.joined(separator: " AND ")) ORDER BY number LIMIT ?", arguments)
    }
}

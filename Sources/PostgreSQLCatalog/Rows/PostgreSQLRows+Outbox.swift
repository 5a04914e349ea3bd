import Catalog
import ImageModel

extension PostgreSQLRows {
    private static let columns = "number, event, destination, published_at, unrouted"

    func append(_ entry: OutboxEntry) throws {
        let sql = """
            INSERT INTO outbox (event_id, image, job, phase, sequence, destination, happened_at, event)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """
        var phase: EventPhase?
        if case .image(_, let step) = entry.event.topic { phase = step }
        // Nearly all go to the events exchange, which is written as no destination.
        let destination = entry.destination == .events ? nil : try RowCoding.text(of: entry.destination)
        try write(
            sql,
            [
                .text(entry.event.id.rawValue), Parameter(entry.event.imageID?.rawValue), Parameter(entry.event.jobID),
                Parameter(phase?.rawValue), Parameter(entry.event.sequence), Parameter(destination),
                .integer(entry.event.time.microseconds), .text(try RowCoding.text(entry.event)),
            ])
    }

    func unpublished(limit: Int) throws -> [OutboxEntry] {
        try entries(
            "SELECT \(Self.columns) FROM outbox WHERE published_at IS NULL ORDER BY number LIMIT $1",
            [Parameter(limit)])
    }

    func unpublished(in range: OutboxRange) throws -> OutboxPage {
        let size = "octet_length(event) + coalesce(octet_length(destination), 0)"
        let sql = """
            SELECT \(Self.columns), coalesce((
                SELECT earlier.published_at IS NULL AND earlier.number <= $1 FROM outbox AS earlier
                WHERE earlier.image = page.image AND earlier.destination IS NULL
                    AND earlier.sequence < page.sequence
                ORDER BY earlier.sequence DESC LIMIT 1
            ), false) AS is_behind_another
            FROM (
                SELECT \(Self.columns), image, sequence,
                    sum(\(size)) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING) - (\(size)) AS bytes_before
                FROM outbox WHERE published_at IS NULL AND number > $1 AND number <= $2
                ORDER BY number LIMIT $3
            ) AS page
            WHERE bytes_before = 0 OR bytes_before < $4 ORDER BY number
            """
        let rows = try all(
            sql,
            [
                .integer(range.after), .integer(range.through), Parameter(range.limit), Parameter(range.byteLimit),
            ])
        var page = OutboxPage()
        for row in rows { page.add(try entry(row), isBehindAnother: try row.flag("is_behind_another")) }
        return page
    }

    func history(of image: ImageID, limit: Int) throws -> [OutboxEntry] {
        let sql = """
            SELECT \(Self.columns) FROM (
                SELECT * FROM outbox WHERE image = $1 AND destination IS NULL ORDER BY sequence DESC NULLS LAST LIMIT $2
            ) AS newest ORDER BY sequence NULLS FIRST
            """
        return try entries(sql, [.text(image.rawValue), Parameter(limit)])
    }

    func lastEvent(of job: JobID) throws -> ImageEvent? {
        let sql = """
            SELECT event FROM outbox WHERE job = $1 AND phase IS NOT NULL AND phase <> 'progress'
            ORDER BY number DESC LIMIT 1
            """
        return try first(sql, [.text(job.rawValue)]).map { try RowCoding.value(from: $0.text("event")) }
    }

    func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws {
        try write(
            "DELETE FROM outbox WHERE number = ANY ($1::bigint[]) AND destination IS NOT NULL", [.integers(numbers)])
        try write(
            "UPDATE outbox SET published_at = $2, unrouted = number = ANY ($3::bigint[]) WHERE number = ANY ($1::bigint[])",
            [.integers(numbers), .integer(now.microseconds), .integers(unrouted)])
    }

    func publishedEvents(_ filter: HistoryFilter) throws -> [OutboxEntry] {
        var parameters: [Parameter] = [.integer(filter.after), Parameter(filter.limit)]
        var conditions = ["destination IS NULL", "published_at IS NOT NULL", "number > $1"]
        func require(_ condition: String, _ parameter: Parameter) {
            parameters.append(parameter)
            conditions.append("\(condition) $\(parameters.count)")
        }
        if let image = filter.image { require("image =", .text(image.rawValue)) }
        if let job = filter.job { require("job =", .text(job)) }
        if let since = filter.since { require("happened_at >=", .integer(since.microseconds)) }
        if let until = filter.until { require("happened_at <", .integer(until.microseconds)) }
        let sql = """
            SELECT \(Self.columns) FROM outbox WHERE \(conditions.joined(separator: " AND ")) ORDER BY number LIMIT $2
            """
        return try entries(sql, parameters)
    }

    private func entries(_ sql: String, _ parameters: [Parameter]) throws -> [OutboxEntry] {
        try all(sql, parameters).map(entry)
    }

    private func entry(_ row: AnswerRow) throws -> OutboxEntry {
        OutboxEntry(
            number: try row.integer("number"), event: try RowCoding.value(from: row.text("event")),
            destination: try row.textIfAny("destination").map(RowCoding.destination) ?? .events,
            publishedAt: try row.integerIfAny("published_at").map(Timestamp.init(microseconds:)),
            isUnrouted: try row.flag("unrouted"))
    }
}

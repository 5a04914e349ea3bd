import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func append(_ entry: OutboxEntry) throws {
        let sql = """
            INSERT INTO outbox (event_id, image, job, phase, sequence, destination, event)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """
        var phase: EventPhase?
        if case .image(_, let step) = entry.event.topic { phase = step }
        // Nearly all go to the events exchange, which is written as no destination.
        let destination = entry.destination == .events ? nil : try RowCoding.text(of: entry.destination)
        try run(
            sql,
            [
                entry.event.id.rawValue, entry.event.imageID?.rawValue, entry.event.jobID, phase?.rawValue,
                entry.event.sequence, destination, try text(entry.event),
            ])
    }

    func unpublished(limit: Int) throws -> [OutboxEntry] {
        try entries("SELECT * FROM outbox WHERE published_at IS NULL ORDER BY number LIMIT ?", [limit])
    }

    func unpublished(in range: OutboxRange) throws -> OutboxPage {
        let sql = """
            SELECT *, (
                SELECT earlier.published_at IS NULL AND earlier.number <= :after FROM outbox AS earlier
                WHERE earlier.image = outbox.image AND earlier.destination IS NULL
                    AND earlier.sequence < outbox.sequence
                ORDER BY earlier.sequence DESC LIMIT 1
            ) AS is_behind_another
            FROM outbox WHERE published_at IS NULL AND number > :after AND number <= :through
            ORDER BY number LIMIT :limit
            """
        let rows = try Row.fetchCursor(
            database.cachedStatement(sql: sql),
            arguments: ["after": range.after, "through": range.through, "limit": range.limit])
        var page = OutboxPage()
        var bytes = 0
        while page.last == nil || bytes < range.byteLimit, let row = try rows.next() {
            let event: String = row["event"]
            let destination: String? = row["destination"]
            bytes += event.utf8.count + (destination?.utf8.count ?? 0)
            page.add(try entry(row), isBehindAnother: row["is_behind_another"] ?? false)
        }
        return page
    }

    func history(of image: ImageID, limit: Int) throws -> [OutboxEntry] {
        let sql = """
            SELECT * FROM (
                SELECT * FROM outbox WHERE image = ? AND destination IS NULL ORDER BY sequence DESC LIMIT ?
            ) ORDER BY sequence
            """
        return try entries(sql, [image.rawValue, limit])
    }

    func lastEvent(of job: JobID) throws -> ImageEvent? {
        let sql = """
            SELECT event FROM outbox WHERE job = ? AND phase IS NOT NULL AND phase <> 'progress'
            ORDER BY number DESC LIMIT 1
            """
        let event: String? = try one(sql, [job.rawValue])
        return try event.map { try value(from: $0) }
    }

    func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws {
        let unrouted = Set(unrouted)
        for number in numbers {
            try run("DELETE FROM outbox WHERE number = ? AND destination IS NOT NULL", [number])
            try run(
                "UPDATE outbox SET published_at = ?, unrouted = ? WHERE number = ?",
                [now.microseconds, unrouted.contains(number), number])
        }
    }

    func entries(_ sql: String, _ arguments: StatementArguments) throws -> [OutboxEntry] {
        try all(sql, arguments).map(entry)
    }

    private func entry(_ row: Row) throws -> OutboxEntry {
        let publishedAt: Int64? = row["published_at"]
        let destination: String? = row["destination"]
        return OutboxEntry(
            number: row["number"], event: try value(from: row["event"]),
            destination: try destination.map(RowCoding.destination) ?? .events,
            publishedAt: publishedAt.map(Timestamp.init(microseconds:)), isUnrouted: row["unrouted"])
    }
}

import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func append(_ entry: OutboxEntry) throws {
        let sql = """
            INSERT INTO outbox (event_id, image, job, sequence, destination, event) VALUES (?, ?, ?, ?, ?, ?)
            """
        try run(
            sql,
            [
                entry.event.id.rawValue, entry.event.imageID?.rawValue, entry.event.jobID, entry.event.sequence,
                try text(entry.destination), try text(entry.event),
            ])
    }

    func unpublished(limit: Int) throws -> [OutboxEntry] {
        try entries("SELECT * FROM outbox WHERE published_at IS NULL ORDER BY number LIMIT ?", [limit])
    }

    func history(of image: ImageID, limit: Int) throws -> [OutboxEntry] {
        // The newest `limit`, oldest of them first; replies repeat what the events say.
        let sql = """
            SELECT * FROM (
                SELECT * FROM outbox WHERE image = ? AND destination = ? ORDER BY sequence DESC LIMIT ?
            ) ORDER BY sequence
            """
        return try entries(sql, [image.rawValue, try text(OutboxDestination.events), limit])
    }

    func lastEvent(of job: JobID) throws -> ImageEvent? {
        let sql = "SELECT event FROM outbox WHERE job = ? AND sequence IS NOT NULL ORDER BY number DESC LIMIT 1"
        let event: String? = try one(sql, [job.rawValue])
        return try event.map { try value(from: $0) }
    }

    func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws {
        let unrouted = Set(unrouted)
        for number in numbers {
            try run(
                "UPDATE outbox SET published_at = ?, unrouted = ? WHERE number = ?",
                [now.microseconds, unrouted.contains(number), number])
        }
    }

    private func entries(_ sql: String, _ arguments: StatementArguments) throws -> [OutboxEntry] {
        try all(sql, arguments).map { row in
            let publishedAt: Int64? = row["published_at"]
            return OutboxEntry(
                number: row["number"], event: try value(from: row["event"]),
                destination: try value(from: row["destination"]),
                publishedAt: publishedAt.map(Timestamp.init(microseconds:)), isUnrouted: row["unrouted"])
        }
    }
}

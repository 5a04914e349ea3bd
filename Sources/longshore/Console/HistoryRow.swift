import Catalog
import ImageModel
import JobMessages

/// One row of an image's work history.
enum HistoryRow {
    static func cells(_ entry: OutboxEntry) -> [String] {
        let job = entry.event.data.job
        return [
            entry.event.time.description, name(entry), entry.event.jobID ?? "-", result(entry),
            job?.request.actor?.user ?? job?.request.actor?.account?.rawValue ?? "-",
            job?.worker?.rawValue ?? "-",
            entry.publishedAt == nil ? "waiting" : entry.isUnrouted ? "unrouted" : "yes",
        ]
    }

    static func json(_ entry: OutboxEntry) -> JSONValue {
        let job = entry.event.data.job
        return [
            "time": .string(entry.event.time.description), "event_id": .string(entry.event.id.rawValue),
            "topic": .string(name(entry)), "sequence": .optional(entry.event.sequence),
            "image": [
                "id": .optional(entry.event.imageID?.rawValue), "name": .optional(entry.event.data.image?.details.name),
            ],
            "job": .optional(entry.event.jobID), "result": .string(result(entry)),
            "actor": [
                "account": .optional(job?.request.actor?.account?.rawValue),
                "user": .optional(job?.request.actor?.user),
            ],
            "worker": .optional(job?.worker?.rawValue),
            "published_at": .optional(entry.publishedAt?.description), "unrouted": .bool(entry.isUnrouted),
        ]
    }

    private static func name(_ entry: OutboxEntry) -> String {
        switch entry.event.topic {
        case .image(let kind, let phase): "image.\(kind.rawValue).\(phase.rawValue)"
        case .rejected: "job.rejected"
        }
    }

    private static func result(_ entry: OutboxEntry) -> String {
        entry.event.data.error?.code.rawValue ?? entry.event.data.job?.state.rawValue ?? "-"
    }
}

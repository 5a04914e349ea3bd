import Catalog
import ImageModel
import JobMessages

/// One row of an image's work history.
enum HistoryRow {
    static func cells(_ entry: OutboxEntry) -> [String] {
        let job = entry.event.data.job
        return [
            entry.event.time.description, entry.event.imageID?.rawValue ?? "-",
            entry.event.data.image?.details.name ?? "-", job.map { work($0.request.work) } ?? "-", name(entry),
            entry.event.jobID ?? "-", result(entry),
            job?.request.actor?.user ?? job?.request.actor?.account?.rawValue ?? "-",
            job?.worker?.rawValue ?? "-",
            entry.publishedAt == nil ? "waiting" : entry.isUnrouted ? "unrouted" : "yes",
        ]
    }

    /// When, what, whose and how, in one line.
    static func summary(_ entry: OutboxEntry) -> String {
        [entry.event.time.description, name(entry), entry.event.jobID ?? "-", result(entry)].joined(separator: "  ")
    }

    static func json(_ entry: OutboxEntry) -> JSONValue {
        let job = entry.event.data.job
        return [
            "time": .string(entry.event.time.description), "event_id": .string(entry.event.id.rawValue),
            "topic": .string(name(entry)), "sequence": .optional(entry.event.sequence),
            "image": [
                "id": .optional(entry.event.imageID?.rawValue), "name": .optional(entry.event.data.image?.details.name),
            ],
            "job": .optional(entry.event.jobID), "work": .optional(job.map { work($0.request.work) }),
            "result": .string(result(entry)),
            "actor": [
                "account": .optional(job?.request.actor?.account?.rawValue),
                "user": .optional(job?.request.actor?.user),
            ],
            "worker": .optional(job?.worker?.rawValue),
            "published_at": .optional(entry.publishedAt?.description), "unrouted": .bool(entry.isUnrouted),
        ]
    }

    /// What a job was to do, in a few words.
    static func work(_ work: JobWork) -> String {
        switch work {
        case .import(let request): return "import from \(request.source.url)"
        case .copy(let request):
            guard let new = request.newImage else { return "copy to store \(request.targetStore)" }
            return "copy of \(request.imageID) as \"\(new.name)\""
        case .share(let request): return "\(request.action.rawValue) to \(request.member)"
        case .update(let request): return "set \(request.changes.map(\.name).joined(separator: ", "))"
        case .delete(let request): return request.store.map { "delete from store \($0)" } ?? "delete"
        case .cancel(let request): return "cancel of job \(request.jobID)"
        }
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

extension ImageChange {
    /// What the change sets, as messages spell it.
    fileprivate var name: String {
        switch self {
        case .name: "name"
        case .description: "description"
        case .visibility: "visibility"
        case .isProtected: "protected"
        case .tags: "tags"
        case .minimumDiskGiB: "min_disk_gib"
        case .minimumRAMMiB: "min_ram_mib"
        case .os: "os"
        case .state: "state"
        case .properties(let changes): "properties \(changes.keys.sorted().joined(separator: " "))"
        case .restore: "deleted"
        }
    }
}

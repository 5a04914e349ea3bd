public import ImageModel

/// The `data` object of events, which `jobs show --json` prints too, with the contract's members in its order.
///
/// A part that does not apply is absent; inside a part every member stands, `null` where nothing is known.
public enum EventDataEncoder {
    /// The data of `event`; a rejected message, which has no job, still shows the id and kind it gave.
    public static func json(_ event: ImageEvent, view: JSONValue? = nil) -> JSONValue {
        var object = JSONObject()
        if case .rejected(let kind) = event.topic, event.data.job == nil {
            let job: JSONValue = ["id": .optional(event.jobID), "kind": .optional(kind?.rawValue)]
            object.append("job", event.jobID == nil && kind == nil ? nil : job)
        }
        append(event.data, view: view, includesLocationURLs: false, to: &object)
        return .object(object)
    }

    /// The data of a job's last state.
    ///
    /// - Parameter includesLocationURLs: Whether each of the image's locations has its `url`.
    public static func json(
        _ data: EventData, view: JSONValue? = nil, includesLocationURLs: Bool = false
    ) -> JSONValue {
        var object = JSONObject()
        append(data, view: view, includesLocationURLs: includesLocationURLs, to: &object)
        return .object(object)
    }

    private static func append(
        _ data: EventData, view: JSONValue?, includesLocationURLs: Bool, to object: inout JSONObject
    ) {
        object.append("job", data.job.map(json))
        object.append("image", data.image.map { json($0, includesLocationURLs: includesLocationURLs) })
        object.append("source", data.source.map(json))
        object.append("progress", data.progress.map(json))
        object.append("share", data.share.map(json))
        object.append("error", data.error.map(json))
        object.append("view", view)
    }

    /// The `job` object. `reason` stands only while the job waits for something named, `retry_of` only on a retry of
    /// another job, `repair_of` only on a copy that completes an import.
    public static func json(_ job: Job) -> JSONValue {
        var object = JSONObject()
        object.append("id", .string(job.id.rawValue))
        object.append("kind", .string(job.kind.rawValue))
        object.append("attempt", .integer(Int64(job.attempt)))
        object.append("state", .string(job.state.rawValue))
        object.append("actor", job.request.actor?.account.map { ["account": .string($0.rawValue)] } ?? .null)
        object.append("worker", .optional(job.worker?.rawValue))
        if !job.state.isTerminal { object.append("reason", job.reason.map(JSONValue.string)) }
        object.append("retry_of", job.retryOf.map { .string($0.rawValue) })
        object.append("repair_of", job.repairs.map { .string($0.rawValue) })
        return .object(object)
    }

    /// The `source` object.
    public static func json(_ source: SourceFacts) -> JSONValue {
        [
            "url": .string(source.url), "size": .optional(source.size), "digests": JSONValue(source.digests),
            "wrapper": .optional(source.wrapper), "etag": .optional(source.etag),
        ]
    }

    /// The `progress` object.
    public static func json(_ progress: JobProgress) -> JSONValue {
        [
            "stage": .string(progress.stage.rawValue), "bytes": .integer(progress.bytes),
            "total": .optional(progress.total), "bytes_per_second": .integer(progress.bytesPerSecond),
        ]
    }

    private static func json(_ share: ShareOutcome) -> JSONValue {
        [
            "action": .string(share.action.rawValue), "member": .string(share.member.rawValue),
            "status": .optional(share.status?.rawValue),
        ]
    }

    /// The `error` object.
    public static func json(_ failure: Failure) -> JSONValue {
        [
            "code": .string(failure.code.rawValue), "message": .string(failure.message),
            "stage": .optional(failure.stage?.rawValue), "retryable": .bool(failure.isRetryable),
            "cause": failure.cause.map { ["code": .string($0.code.rawValue), "message": .string($0.message)] } ?? .null,
            "violations": .array(
                failure.violations.map {
                    ["path": .string($0.path), "rule": .string($0.rule), "value": .string($0.value)]
                }),
        ]
    }
}

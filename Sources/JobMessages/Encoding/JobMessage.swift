public import ImageModel

/// A job on its way to the broker, in the form that ``JobDecoder`` reads back to the same request.
public struct JobMessage: Hashable, Sendable {
    /// The kind: what the exchange routes by.
    public let routingKey: String
    /// The job's id, for the property `message_id`.
    public let messageID: String
    /// For the property `priority`, when the request says one.
    public let priority: Int?
    /// The body, compact JSON. It may hold a URL's query, so it is not for logs.
    public let body: [UInt8]

    /// For the property `content_type`.
    public static let contentType = "application/json"

    /// The message that asks for `request`.
    ///
    /// - Parameter sourceQuery: The query of an import's source URL, without `?`.
    public init(_ request: JobRequest, sourceQuery: String? = nil) {
        routingKey = request.kind.rawValue
        messageID = request.id.rawValue
        priority = request.priority
        body = JSONWriter.bytes(of: Self.json(request, sourceQuery: sourceQuery))
    }

    /// The body as a value.
    public static func json(_ request: JobRequest, sourceQuery: String? = nil) -> JSONValue {
        var root = JSONObject()
        root.append("version", .integer(JobDecoder.version))
        root.append("id", .string(request.id.rawValue))
        root.append("kind", .string(request.kind.rawValue))
        root.append("priority", request.priority.map { .integer(Int64($0)) })
        root.append("actor", request.actor.map(json))
        if !request.after.isEmpty { root.append("after", .array(request.after.map { .string($0.rawValue) })) }
        if request.runsAfterFailure { root.append("after_failed", .string(AfterFailure.run.rawValue)) }
        switch request.work {
        case .import(let work): append(work, sourceQuery: sourceQuery, to: &root)
        case .copy(let work): append(work, to: &root)
        case .share(let work):
            root.append("image", ["id": .string(work.imageID.rawValue)])
            root.append("share", ["action": .string(work.action.rawValue), "member": .string(work.member.rawValue)])
        case .update(let work): append(work, to: &root)
        case .delete(let work):
            root.append("image", ["id": .string(work.imageID.rawValue)])
            root.append("delete", work.store.map { ["store": .string($0.rawValue)] })
        case .cancel(let work): root.append("job", ["id": .string(work.jobID.rawValue)])
        }
        root.append("deadline", request.deadline.map { .string($0.exactDescription) })
        root.append("max_attempts", request.maxAttempts.map { .integer(Int64($0)) })
        return .object(root)
    }

    private static func json(_ actor: JobActor) -> JSONValue {
        var object = JSONObject()
        object.append("account", actor.account.map { .string($0.rawValue) })
        object.append("user", actor.user.map(JSONValue.string))
        return .object(object)
    }

    private static func append(_ work: CopyRequest, to root: inout JSONObject) {
        root.append("image", ["id": .string(work.imageID.rawValue)])
        var target = JSONObject()
        target.append("store", work.store.map { .string($0.rawValue) })
        if let image = work.newImage {
            var object = JSONObject()
            object.append("id", image.id.map { .string($0.rawValue) })
            object.append("name", .string(image.name))
            object.append("owner", image.owner.map { .string($0.rawValue) })
            target.append("image", .object(object))
        }
        root.append("to", .object(target))
    }
}

extension Timestamp {
    /// RFC 3339 with as many digits as it takes to read the same moment back.
    fileprivate var exactDescription: String {
        let rest = microseconds % 1_000
        guard rest != 0 else { return description }
        let digits = String((rest + 1_000) % 1_000 + 1_000).dropFirst()
        return description.dropLast() + digits + "Z"
    }
}

public import ImageModel

/// An event as somebody else sent it, read leniently: what is missing or unknown is nil.
public struct ReceivedEvent: Hashable, Sendable {
    /// The CloudEvents type.
    public let type: String
    /// The CloudEvents id.
    public let id: String
    /// The image's id, when there is one.
    public let subject: String?
    /// The moment as sent.
    public let time: String?
    /// 20 digits, on all but progress and rejected.
    public let sequence: String?
    /// The whole `data` object.
    public let data: JSONValue

    /// Reads a CloudEvent in JSON structured mode.
    ///
    /// - Throws: ``JSONSyntaxError`` when it is not JSON, or lacks a `type` or an `id`.
    public init(_ body: [UInt8]) throws(JSONSyntaxError) {
        let event = try StrictJSONParser.parse(body, limits: .event)
        guard let type = event["type"]?.string, let id = event["id"]?.string else {
            throw JSONSyntaxError(
                reason: "The document is no CloudEvent: it lacks a type or an id", path: JSONPointer(), offset: 0,
                value: "")
        }
        self.type = type
        self.id = id
        subject = event["subject"]?.string
        time = event["time"]?.string
        sequence = event["sequence"]?.string
        data = event["data"] ?? .null
    }

    /// What it announces; nil for a type this version does not know.
    public var topic: EventTopic? { EventName.topic(ofType: type) }

    /// The step in the job's life; nil for a rejected message.
    public var phase: EventPhase? {
        if case .image(_, let phase)? = topic { phase } else { nil }
    }

    /// The job it is about.
    public var jobID: String? { data["job"]?["id"]?.string }

    /// The image it is about.
    public var imageID: String? { data["image"]?["id"]?.string ?? subject }

    /// How far the job is, on progress.
    public var progress: JobProgress? {
        guard let object = data["progress"], let stage = object["stage"]?.string.flatMap(JobStage.init),
            let bytes = object["bytes"]?.integer
        else { return nil }
        return JobProgress(
            stage: stage, bytes: bytes, total: object["total"]?.integer,
            bytesPerSecond: object["bytes_per_second"]?.integer ?? 0)
    }

    /// What went wrong: the code, perhaps one this version does not know, and its sentence.
    public var error: (code: String, message: String)? {
        guard let object = data["error"], let code = object["code"]?.string else { return nil }
        return (code, object["message"]?.string ?? "")
    }

    /// Digests of the stored image that this version can check.
    public var digests: [Digest] {
        let members = data["image"]?["digests"]?.object?.members ?? []
        return members.compactMap { member in
            guard let algorithm = DigestAlgorithm(rawValue: member.name), let hex = member.value.string else {
                return nil
            }
            return Digest(algorithm, hex: hex)
        }
    }

    /// The stores that hold the image and how far each is.
    public var locations: [(store: String, state: String)] {
        (data["image"]?["locations"]?.array ?? []).compactMap { location in
            guard let store = location["store"]?.string, let state = location["state"]?.string else { return nil }
            return (store, state)
        }
    }
}

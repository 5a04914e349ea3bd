import ImageModel

/// The JSON Schema of events: a CloudEvent in JSON structured mode with Longshore's `data`.
///
/// Everything it requires is always there. It forbids no further members, because later versions may add some.
public enum EventSchema {
    /// The schema, draft 2020-12.
    public static let json: JSONValue = [
        "$schema": SchemaParts.dialect,
        "title": "A Longshore event",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "datacontenttype", "data"],
        "properties": [
            "specversion": ["const": "1.0"],
            "id": SchemaParts.identifier(EventID.self),
            "source": ["type": "string", "pattern": "^/longshore/."],
            "type": ["enum": .strings(types)],
            "subject": SchemaParts.identifier(ImageID.self),
            "time": time,
            "datacontenttype": ["const": "application/json"],
            "sequence": ["type": "string", "pattern": "^[0-9]{20}$"],
            "traceparent": ["type": "string", "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"],
            "data": data,
        ],
        "if": ["properties": ["type": ["const": .string(EventName.type(of: .rejected(nil)))]]],
        "then": ["properties": ["data": ["properties": ["job": rejectedJob], "required": ["error"]]]],
        "else": ["properties": ["data": ["properties": ["job": job], "required": ["job"]]]],
    ]

    /// Every type that is ever sent: not all kinds have all phases (CONTRACT section 3).
    static let types: [String] =
        JobKind.allCases.flatMap { kind in phases(kind).map { EventName.type(of: .image(kind, $0)) } }
        + [EventName.type(of: .rejected(nil))]

    private static func phases(_ kind: JobKind) -> [EventPhase] {
        switch kind {
        case .import, .copy: EventPhase.allCases
        case .share, .update, .delete: [.accepted, .retrying, .completed, .failed, .cancelled]
        case .cancel: [.completed, .failed]
        }
    }

    static let time: JSONValue = ["type": "string", "format": "date-time"]
    private static let string: JSONValue = ["type": "string"]
    private static let nullableString = SchemaParts.nullable(string)
    static let count = SchemaParts.integer(0...Int64.max)

    private static let data: JSONValue = [
        "type": "object",
        "properties": [
            "image": image, "source": source, "progress": progress, "share": share, "error": error,
            "view": ["type": "object"],
        ],
    ]

    private static let job = SchemaParts.open(
        [
            "id": SchemaParts.identifier(JobID.self), "kind": SchemaParts.choice(JobKind.self), "attempt": count,
            "state": SchemaParts.choice(JobState.self),
            "actor": SchemaParts.nullable(SchemaParts.open(["account": SchemaParts.identifier(AccountID.self)])),
            "worker": nullableString,
        ],
        optional: [
            "reason": string, "retry_of": SchemaParts.identifier(JobID.self),
            "repair_of": SchemaParts.identifier(JobID.self),
        ])

    /// What could be told of a message that was no job.
    private static let rejectedJob = SchemaParts.open([
        "id": nullableString, "kind": SchemaParts.nullable(SchemaParts.choice(JobKind.self)),
    ])

    private static let source = SchemaParts.open([
        "url": string, "size": SchemaParts.nullable(count), "digests": SchemaParts.digestValues,
        "wrapper": nullableString, "etag": nullableString,
    ])

    private static let progress = SchemaParts.open([
        "stage": SchemaParts.choice(JobStage.self), "bytes": count, "total": SchemaParts.nullable(count),
        "bytes_per_second": count,
    ])

    private static let share = SchemaParts.open([
        "action": SchemaParts.choice(ShareAction.self), "member": SchemaParts.identifier(AccountID.self),
        "status": SchemaParts.nullable(SchemaParts.choice(MemberStatus.self)),
    ])

    private static let error = SchemaParts.open([
        "code": SchemaParts.choice(FailureCode.self), "message": string,
        "stage": SchemaParts.nullable(SchemaParts.choice(JobStage.self)), "retryable": ["type": "boolean"],
        "cause": SchemaParts.nullable(
            SchemaParts.open(["code": SchemaParts.choice(FailureCode.self), "message": string])),
        "violations": [
            "type": "array", "items": SchemaParts.open(["path": string, "rule": string, "value": string]),
        ],
    ])
}

import ImageModel

/// The JSON Schema of job messages, for producers to test theirs with before they publish.
///
/// It accepts whatever ``JobDecoder`` accepts. The decoder also refuses what a schema cannot say: ids that differ from
/// the property, a routing key other than the kind, times that do not exist, details of URLs, doubled member names.
public enum JobSchema {
    /// The schema, draft 2020-12.
    public static let json: JSONValue = [
        "$schema": SchemaParts.dialect,
        "title": "A Longshore job",
        "description": "At most 1 MiB, depth 16, UTF-8, no member twice, no NUL. The routing key equals `kind`.",
        "type": "object",
        "required": ["version", "kind"],
        "properties": ["kind": SchemaParts.choice(JobKind.self)],
        "oneOf": .array(JobKind.allCases.map(job)),
    ]

    private static func job(_ kind: JobKind) -> JSONValue {
        var properties = JSONObject()
        for name in JobMember.common {
            properties.append(name, name == "kind" ? ["const": .string(kind.rawValue)] : common[name])
        }
        let own = own(kind)
        for name in JobMember.own(kind) { properties.append(name, own[name]) }
        return SchemaParts.closed(properties, required: ["version", "kind"] + JobMember.required(kind))
    }

    private static let common: JSONValue = [
        "version": ["const": .integer(JobDecoder.version)],
        "id": SchemaParts.identifier(JobID.self),
        "priority": SchemaParts.integer(0...9),
        "actor": SchemaParts.closed([
            "account": SchemaParts.identifier(AccountID.self), "user": SchemaParts.text(1...255),
        ]),
        "after": SchemaParts.list(of: SchemaParts.identifier(JobID.self), 0...16, isUnique: true),
        "after_failed": SchemaParts.choice(AfterFailure.self),
        "deadline": ["type": "string", "format": "date-time"],
        "max_attempts": SchemaParts.integer(1...100),
    ]

    private static func own(_ kind: JobKind) -> JSONValue {
        switch kind {
        case .import: importing
        case .copy: ["image": reference, "to": copyTarget]
        case .share:
            [
                "image": reference,
                "share": SchemaParts.closed(
                    [
                        "action": SchemaParts.choice(ShareAction.self),
                        "member": SchemaParts.identifier(AccountID.self),
                    ], required: ["action", "member"]),
            ]
        case .update: ["image": reference, "set": changes, "if_revision": SchemaParts.integer(1...Int64.max)]
        case .delete:
            [
                "image": reference,
                "delete": SchemaParts.closed(["store": SchemaParts.identifier(StoreName.self)], required: ["store"]),
            ]
        case .cancel:
            ["job": SchemaParts.closed(["id": SchemaParts.identifier(JobID.self)], required: ["id"])]
        }
    }

    /// An image that exists, by its id.
    private static let reference = SchemaParts.closed(
        ["id": SchemaParts.identifier(ImageID.self)], required: ["id"])
}

public import ImageModel

extension EventDataEncoder {
    /// The `image` object, which `images show --json` prints.
    ///
    /// `findings` is there when inspection noticed something and let it pass.
    ///
    /// - Parameter includesLocationURLs: Whether each location has its `url`; events never tell them.
    public static func json(_ image: Image, includesLocationURLs: Bool) -> JSONValue {
        let details = image.details
        let described: JSONValue = [
            "id": .string(image.id.rawValue),
            "name": .string(details.name),
            "owner": .optional(details.owner?.rawValue),
            "profile": .optional(details.profile),
            "status": .string(image.status.rawValue),
            "operation": .optional(image.operation?.rawValue),
            "revision": .integer(image.revision),
            "format": .optional(image.content?.format.rawValue),
            "size": .optional(image.content?.size),
            "virtual_size": .optional(image.content?.virtualSize),
            "digests": JSONValue(image.content?.digests ?? []),
            "locations": .array(image.replicas.map { location($0, includesURL: includesLocationURLs) }),
            "visibility": .string(details.visibility.rawValue),
            "protected": .bool(details.isProtected),
            "tags": .strings(details.tags),
            "os": JSONValue(details.os),
            "min_disk_gib": .integer(details.minimumDiskGiB),
            "min_ram_mib": .integer(details.minimumRAMMiB),
            "properties": JSONValue(details.properties),
            "origin": .optional(image.origin?.rawValue),
            "created_at": .string(image.createdAt.description),
            "updated_at": .string(image.updatedAt.description),
        ]
        guard let findings = image.content?.findings, !findings.isEmpty, case .object(var object) = described else {
            return described
        }
        object.append("findings", .array(findings.map(json)))
        return .object(object)
    }

    /// One finding, as events, `images show` and `inspect` print it.
    public static func json(_ finding: Finding) -> JSONValue {
        [
            "rule": .string(finding.rule.rawValue), "severity": .string(finding.severity.rawValue),
            "offset": .optional(finding.offset), "message": .string(finding.message),
        ]
    }

    private static func location(_ replica: Replica, includesURL: Bool) -> JSONValue {
        var object = JSONObject()
        object.append("store", .string(replica.store.rawValue))
        object.append("state", .string(replica.state.rawValue))
        if includesURL { object.append("url", .optional(replica.url)) }
        return .object(object)
    }
}

import ImageModel

extension EventSchema {
    /// The `image` object, which `images show --json` prints with `url` in its locations.
    static let image = SchemaParts.open(
        [
            "id": SchemaParts.identifier(ImageID.self),
            "name": ["type": "string"],
            "owner": SchemaParts.nullable(SchemaParts.identifier(AccountID.self)),
            "profile": SchemaParts.nullable(["type": "string"]),
            "status": SchemaParts.choice(ImageStatus.self),
            "operation": SchemaParts.nullable(SchemaParts.choice(ImageOperation.self)),
            "revision": count,
            "format": SchemaParts.nullable(SchemaParts.choice(ImageFormat.self)),
            "size": SchemaParts.nullable(count),
            "virtual_size": SchemaParts.nullable(count),
            "digests": SchemaParts.digestValues,
            "locations": ["type": "array", "items": location],
            "visibility": SchemaParts.choice(ImageVisibility.self),
            "protected": ["type": "boolean"],
            "tags": ["type": "array", "items": ["type": "string"]],
            "os": SchemaParts.operatingSystem,
            "min_disk_gib": count,
            "min_ram_mib": count,
            "properties": ["type": "object", "additionalProperties": SchemaParts.propertyValue],
            "origin": SchemaParts.nullable(SchemaParts.identifier(ImageID.self)),
            "created_at": time,
            "updated_at": time,
        ], optional: ["findings": ["type": "array", "items": finding]])

    private static let finding = SchemaParts.open([
        "rule": SchemaParts.choice(SafetyRule.self),
        "severity": SchemaParts.choice(FindingSeverity.self),
        "offset": SchemaParts.nullable(count),
        "message": ["type": "string"],
    ])

    private static let location = SchemaParts.open(
        ["store": SchemaParts.identifier(StoreName.self), "state": SchemaParts.choice(ReplicaState.self)],
        optional: ["url": SchemaParts.nullable(["type": "string"])])
}

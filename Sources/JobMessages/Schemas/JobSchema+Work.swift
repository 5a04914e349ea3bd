import ImageModel

extension JobSchema {
    /// The members of `image` that imports and updates share.
    private static let details: JSONObject = {
        let details: JSONValue = [
            "description": SchemaParts.text(0...2_048),
            "visibility": SchemaParts.choice(ImageVisibility.self),
            "protected": ["type": "boolean"],
            "tags": SchemaParts.list(of: SchemaParts.text(1...255), 0...128),
            "min_disk_gib": SchemaParts.integer(0...Int64(Int32.max)),
            "min_ram_mib": SchemaParts.integer(0...Int64(Int32.max)),
            "os": SchemaParts.operatingSystem,
        ]
        return details.object ?? JSONObject()
    }()

    /// What an import has besides the common members.
    static let importing: JSONValue = [
        "image": image,
        "source": SchemaParts.closed(
            [
                "url": SchemaParts.url(mayHaveQuery: true),
                "credential": SchemaParts.identifier(Identifier<ConfiguredNameKind>.self),
            ], required: ["url"]),
        "expect": SchemaParts.closed([
            "size": SchemaParts.integer(0...Int64.max), "format": SchemaParts.choice(ImageFormat.self),
            "digests": SchemaParts.digestValues, "digests_url": SchemaParts.url(mayHaveQuery: false),
        ]),
        "digests": SchemaParts.list(of: SchemaParts.choice(DigestAlgorithm.self), 1...6, isUnique: true),
        "transform": SchemaParts.closed([
            "decompress": SchemaParts.choice(Decompression.self),
            "convert_to": SchemaParts.choice(MessageReader.conversionTargets),
        ]),
        "stores": SchemaParts.list(of: SchemaParts.identifier(StoreName.self), 1...8, isUnique: true),
        "stores_require": SchemaParts.choice(StoresRequirement.self),
    ]

    private static var image: JSONValue {
        var members = JSONObject()
        members.append("id", SchemaParts.identifier(ImageID.self))
        members.append("name", SchemaParts.text(1...255))
        members.append("owner", SchemaParts.identifier(AccountID.self))
        members.append("profile", SchemaParts.identifier(Identifier<ConfiguredNameKind>.self))
        for detail in details.members { members.append(detail.name, detail.value) }
        members.append("properties", SchemaParts.properties(mayRemove: false))
        return SchemaParts.closed(members, required: ["name"])
    }

    /// The `to` of a copy.
    static var copyTarget: JSONValue {
        let image = SchemaParts.closed(
            [
                "id": SchemaParts.identifier(ImageID.self), "name": SchemaParts.text(1...255),
                "owner": SchemaParts.identifier(AccountID.self),
            ], required: ["name"])
        var schema =
            SchemaParts.closed(["store": SchemaParts.identifier(StoreName.self), "image": image]).object ?? JSONObject()
        schema.append("anyOf", [["required": ["store"]], ["required": ["image"]]])
        return .object(schema)
    }

    /// The `set` of an update: `null` is back to the default, `deleted: false` restores.
    static var changes: JSONValue {
        var members = JSONObject()
        members.append("name", SchemaParts.text(1...255))
        for detail in details.members { members.append(detail.name, SchemaParts.nullable(detail.value)) }
        members.append("state", SchemaParts.nullable(SchemaParts.text(1...255)))
        members.append("properties", SchemaParts.properties(mayRemove: true))
        members.append("deleted", ["const": false])
        let names = members.members.map(\.name)
        var schema = SchemaParts.closed(members).object ?? JSONObject()
        schema.append("anyOf", .array(names.map { ["required": .strings([$0])] }))
        return .object(schema)
    }
}

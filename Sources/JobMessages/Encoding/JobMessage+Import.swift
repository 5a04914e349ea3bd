import ImageModel

extension JobMessage {
    static func append(_ work: ImportRequest, sourceQuery: String?, to root: inout JSONObject) {
        root.append("image", json(work.image))
        var source = JSONObject()
        source.append("url", .string(work.source.url + (sourceQuery.map { "?" + $0 } ?? "")))
        source.append("credential", work.source.credential.map(JSONValue.string))
        root.append("source", .object(source))
        let expect = json(work.expectations)
        if !expect.members.isEmpty { root.append("expect", .object(expect)) }
        root.append("digests", work.digests.map { .array($0.map { .string($0.rawValue) }) })
        var transform = JSONObject()
        transform.append("decompress", work.transform.decompress.map { .string($0.rawValue) })
        transform.append("convert_to", work.transform.convertTo.map { .string($0.rawValue) })
        if !transform.members.isEmpty { root.append("transform", .object(transform)) }
        root.append("stores", work.stores.map { .array($0.map { .string($0.rawValue) }) })
        root.append("stores_require", work.storesRequire.map { .string($0.rawValue) })
    }

    private static func json(_ image: ImageSpecification) -> JSONValue {
        var object = JSONObject()
        object.append("id", image.id.map { .string($0.rawValue) })
        object.append("name", .string(image.name))
        object.append("owner", image.owner.map { .string($0.rawValue) })
        object.append("profile", image.profile.map(JSONValue.string))
        object.append("description", image.description.map(JSONValue.string))
        object.append("visibility", image.visibility.map { .string($0.rawValue) })
        object.append("protected", image.isProtected.map(JSONValue.bool))
        object.append("tags", image.tags.map(JSONValue.strings))
        object.append("min_disk_gib", image.minimumDiskGiB.map(JSONValue.integer))
        object.append("min_ram_mib", image.minimumRAMMiB.map(JSONValue.integer))
        object.append("os", image.os.map(JSONValue.init))
        object.append("properties", image.properties.map(JSONValue.init))
        return .object(object)
    }

    private static func json(_ expectations: Expectations) -> JSONObject {
        var object = JSONObject()
        object.append("size", expectations.size.map(JSONValue.integer))
        object.append("format", expectations.format.map { .string($0.rawValue) })
        if !expectations.digests.isEmpty { object.append("digests", JSONValue(expectations.digests)) }
        object.append("digests_url", expectations.digestsURL.map(JSONValue.string))
        return object
    }
}

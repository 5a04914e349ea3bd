import ImageModel

extension JobMessage {
    static func append(_ work: UpdateRequest, to root: inout JSONObject) {
        root.append("image", ["id": .string(work.imageID.rawValue)])
        var set = JSONObject()
        for change in work.changes { append(change, to: &set) }
        root.append("set", .object(set))
        root.append("if_revision", work.ifRevision.map(JSONValue.integer))
    }

    private static func append(_ change: ImageChange, to set: inout JSONObject) {
        switch change {
        case .name(let name): set.append("name", .string(name))
        case .description(let text): set.append("description", .optional(text))
        case .visibility(let visibility): set.append("visibility", .optional(visibility?.rawValue))
        case .isProtected(let flag): set.append("protected", flag.map(JSONValue.bool) ?? .null)
        case .tags(let tags): set.append("tags", tags.map(JSONValue.strings) ?? .null)
        case .minimumDiskGiB(let number): set.append("min_disk_gib", .optional(number))
        case .minimumRAMMiB(let number): set.append("min_ram_mib", .optional(number))
        case .os(let os): set.append("os", os.map(JSONValue.init) ?? .null)
        case .state(let state): set.append("state", .optional(state))
        case .properties(let properties):
            let members = properties.sorted { $0.key < $1.key }.map { name, value in
                JSONObject.Member(name: name, value: value.map(JSONValue.init) ?? .null)
            }
            set.append("properties", .object(JSONObject(members)))
        case .restore: set.append("deleted", .bool(false))
        }
    }
}

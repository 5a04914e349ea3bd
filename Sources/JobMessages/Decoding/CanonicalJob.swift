import ImageModel

/// What two messages with the same id are compared by (CONTRACT section 2, "Idempotency").
enum CanonicalJob {
    /// The RFC 8785 form of a valid message without `x-` members, `actor.user` and the query of `source.url`, and
    /// with its id even where only the property gave it.
    static func text(of root: JSONObject, id: JobID) -> String {
        var root = withoutExtensions(root)
        root["id"] = .string(id.rawValue)
        if var actor = root["actor"]?.object {
            actor["user"] = nil
            root["actor"] = actor.members.isEmpty ? nil : .object(actor)
        }
        if var source = root["source"]?.object, let url = source["url"]?.string {
            source["url"] = .string(String(url.prefix { $0 != "?" }))
            root["source"] = .object(source)
        }
        return CanonicalJSON.text(of: .object(root))
    }

    /// Below `properties` an `x-` member is a property like any other and stays.
    private static func withoutExtensions(_ object: JSONObject) -> JSONObject {
        JSONObject(
            object.members.filter { !$0.isExtension }.map { member in
                guard let inside = member.value.object, member.name != "properties" else { return member }
                return JSONObject.Member(name: member.name, value: .object(withoutExtensions(inside)))
            })
    }
}

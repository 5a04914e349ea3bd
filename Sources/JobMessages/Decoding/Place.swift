/// A value and where in the message it stands.
struct Place {
    let value: JSONValue
    let path: JSONPointer

    init(_ value: JSONValue, at path: JSONPointer = JSONPointer()) {
        self.value = value
        self.path = path
    }

    func member(_ member: JSONObject.Member) -> Place {
        Place(member.value, at: path.appending(member.name))
    }
}

extension JSONObject.Member {
    /// Whether anybody may put this member anywhere, for us to ignore.
    var isExtension: Bool { name.utf8.starts(with: "x-".utf8) }
}

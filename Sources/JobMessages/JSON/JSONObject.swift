/// The members of a JSON object, in the order in which they were written.
public struct JSONObject: Hashable, Sendable {
    /// A name and its value.
    public struct Member: Hashable, Sendable {
        /// The name, unescaped.
        public var name: String
        /// The value.
        public var value: JSONValue

        /// A member from its parts.
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The members, each name once.
    public private(set) var members: [Member]

    /// An object of these members, whose names must differ.
    public init(_ members: [Member] = []) {
        self.members = members
    }

    /// The value of the member `name`; setting nil removes it, setting a new name appends it.
    ///
    /// Takes time in proportion to the number of members.
    public subscript(name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Appends a member whose name is not yet there, unless its value is nil.
    mutating func append(_ name: String, _ value: JSONValue?) {
        if let value { members.append(Member(name: name, value: value)) }
    }
}

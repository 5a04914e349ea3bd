import ImageModel

extension JSONValue {
    static func strings(_ texts: [String]) -> Self { .array(texts.map(JSONValue.string)) }

    /// The members that are known, in the contract's order.
    init(_ os: OperatingSystem) {
        var object = JSONObject()
        object.append("type", os.type.map(JSONValue.string))
        object.append("distro", os.distro.map(JSONValue.string))
        object.append("version", os.version.map(JSONValue.string))
        object.append("arch", os.arch.map(JSONValue.string))
        self = .object(object)
    }

    init(_ value: PropertyValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = JSONNumber(number).map(JSONValue.number) ?? .null
        case .bool(let flag): self = .bool(flag)
        }
    }

    /// Sorted by name, so that the same properties are the same bytes.
    init(_ properties: [String: PropertyValue]) {
        let members = properties.sorted { $0.key < $1.key }
            .map { JSONObject.Member(name: $0.key, value: JSONValue($0.value)) }
        self = .object(JSONObject(members))
    }

    /// Algorithm to hexadecimal, in the order of ``DigestAlgorithm``.
    init(_ digests: [Digest]) {
        let members = digests.sorted { $0.algorithm < $1.algorithm }
            .map { JSONObject.Member(name: $0.algorithm.rawValue, value: .string($0.hex)) }
        self = .object(JSONObject(members))
    }
}

import ImageModel

/// JSON Schema (draft 2020-12) for the values that several places of a message have.
enum SchemaParts {
    static let dialect: JSONValue = "https://json-schema.org/draft/2020-12/schema"

    static func text(_ characters: ClosedRange<Int64>) -> JSONValue {
        ["type": "string", "minLength": .integer(characters.lowerBound), "maxLength": .integer(characters.upperBound)]
    }

    static func integer(_ range: ClosedRange<Int64>) -> JSONValue {
        ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> JSONValue {
        choice(Array(Choice.allCases))
    }

    static func choice(_ choices: [some RawRepresentable<String>]) -> JSONValue {
        ["enum": .strings(choices.map(\.rawValue))]
    }

    static func identifier<Kind: IdentifierKind>(_: Identifier<Kind>.Type) -> JSONValue {
        let punctuation = Kind.punctuation.replacing("-", with: "")
        return [
            "type": "string", "pattern": .string("^[A-Za-z0-9][A-Za-z0-9\(punctuation)-]*$"),
            "maxLength": .integer(Int64(Kind.lengthLimit)),
        ]
    }

    static func list(of items: JSONValue, _ count: ClosedRange<Int64>, isUnique: Bool = false) -> JSONValue {
        var schema = JSONObject()
        schema.append("type", "array")
        schema.append("items", items)
        schema.append("minItems", .integer(count.lowerBound))
        schema.append("maxItems", .integer(count.upperBound))
        schema.append("uniqueItems", isUnique ? true : nil)
        return .object(schema)
    }

    /// An object of these members and of `x-` members that anybody may add.
    static func closed(_ properties: JSONObject, required: [String] = []) -> JSONValue {
        [
            "type": "object", "properties": .object(properties), "required": .strings(required),
            "patternProperties": ["^x-": true], "additionalProperties": false,
        ]
    }

    static func closed(_ properties: JSONValue, required: [String] = []) -> JSONValue {
        closed(properties.object ?? JSONObject(), required: required)
    }

    /// An object that has at least these members; consumers must expect more in later versions.
    static func open(_ properties: JSONValue, optional: JSONValue = [:]) -> JSONValue {
        let required = properties.object?.members ?? []
        let all = JSONObject(required + (optional.object?.members ?? []))
        return ["type": "object", "properties": .object(all), "required": .strings(required.map(\.name))]
    }

    static func nullable(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }

    /// An absolute URL without fragment; what its scheme must have behind the colon is beyond a pattern.
    static func url(mayHaveQuery: Bool) -> JSONValue {
        [
            "type": "string", "maxLength": .integer(Int64(SourceURL.byteLimit)), "format": "uri",
            "pattern": .string(
                "^[A-Za-z][A-Za-z0-9+.-]*:[!$-;=\(mayHaveQuery ? "?" : "")@-\\[\\]_a-z~]+$"),
        ]
    }

    static let digestValues: JSONValue = closed(
        JSONObject(
            DigestAlgorithm.allCases.map { algorithm in
                JSONObject.Member(
                    name: algorithm.rawValue,
                    value: ["type": "string", "pattern": .string("^[0-9A-Fa-f]{\(algorithm.byteLength * 2)}$")])
            }))

    static let propertyValue: JSONValue = ["type": ["string", "number", "boolean"], "maxLength": 4_096]

    /// Properties to set; in an update a `null` removes.
    static func properties(mayRemove: Bool) -> JSONValue {
        [
            "type": "object", "maxProperties": 128, "propertyNames": text(1...255),
            "additionalProperties": mayRemove ? nullable(propertyValue) : propertyValue,
        ]
    }

    static let operatingSystem: JSONValue = closed([
        "type": text(1...255), "distro": text(1...255), "version": text(1...255), "arch": text(1...255),
    ])
}

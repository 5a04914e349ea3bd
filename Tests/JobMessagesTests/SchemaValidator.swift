import JobMessages

/// As much of JSON Schema 2020-12 as our own schemas use; a keyword it does not know is an error, so that no rule
/// goes untested by silence. `format` and the annotations assert nothing, as in the standard's default vocabulary.
struct SchemaValidator {
    struct UnknownKeyword: Error {
        let keyword: String
    }

    /// The places of `value` that break `schema`.
    func problems(_ value: JSONValue, _ schema: JSONValue, at path: String = "") throws -> [String] {
        if let allowed = schema.bool { return allowed ? [] : ["\(path): nothing is allowed here"] }
        var problems: [String] = []
        for keyword in schema.object?.members ?? [] {
            problems += try check(keyword.name, keyword.value, value, schema, path)
        }
        return problems
    }

    private func check(
        _ keyword: String, _ rule: JSONValue, _ value: JSONValue, _ schema: JSONValue, _ path: String
    ) throws -> [String] {
        func say(_ isRight: Bool) -> [String] { isRight ? [] : ["\(path): breaks \(keyword)"] }
        switch keyword {
        case "$schema", "title", "description", "format", "then", "else": return []
        case "type":
            return say(types(of: value).contains { rule.string == $0 || rule.array?.contains(.string($0)) == true })
        case "const": return say(isSame(rule, value))
        case "enum": return say(rule.array?.contains { isSame($0, value) } == true)
        case "anyOf": return say(try matches(rule, value) > 0)
        case "oneOf": return say(try matches(rule, value) == 1)
        case "if":
            let branch = schema[try problems(value, rule).isEmpty ? "then" : "else"]
            return try branch.map { try problems(value, $0, at: path) } ?? []
        case "minLength", "maxLength", "pattern": return say(try checkText(keyword, rule, value))
        case "minimum": return say(value.integer.map { $0 >= rule.integer ?? 0 } ?? true)
        case "maximum": return say(value.integer.map { $0 <= rule.integer ?? 0 } ?? true)
        case "minItems": return say((value.array?.count ?? .max) >= Int(rule.integer ?? 0))
        case "maxItems": return say((value.array?.count ?? 0) <= Int(rule.integer ?? 0))
        case "uniqueItems": return say(value.array.map { Set($0).count == $0.count } ?? true)
        case "maxProperties": return say((value.object?.members.count ?? 0) <= Int(rule.integer ?? 0))
        case "required":
            guard let object = value.object else { return [] }
            return say(rule.array?.allSatisfy { object[$0.string ?? ""] != nil } == true)
        case "items":
            return try (value.array ?? []).enumerated().flatMap { try problems($1, rule, at: "\(path)/\($0)") }
        case "propertyNames":
            return try (value.object?.members ?? []).flatMap { try problems(.string($0.name), rule, at: path) }
        case "properties", "patternProperties", "additionalProperties":
            return try checkMembers(keyword, rule, value, schema, path)
        default: throw UnknownKeyword(keyword: keyword)
        }
    }

    private func checkMembers(
        _ keyword: String, _ rule: JSONValue, _ value: JSONValue, _ schema: JSONValue, _ path: String
    ) throws -> [String] {
        try (value.object?.members ?? []).flatMap { member -> [String] in
            let inside = "\(path)/\(member.name)"
            let isExtension = member.name.hasPrefix("x-") && schema["patternProperties"] != nil
            switch keyword {
            case "properties": return try rule[member.name].map { try problems(member.value, $0, at: inside) } ?? []
            case "patternProperties": return isExtension ? try problems(member.value, rule["^x-"] ?? false) : []
            default:
                let isKnown = schema["properties"]?[member.name] != nil || isExtension
                return isKnown ? [] : try problems(member.value, rule, at: inside)
            }
        }
    }

    private func checkText(_ keyword: String, _ rule: JSONValue, _ value: JSONValue) throws -> Bool {
        guard let text = value.string else { return true }
        let count = Int64(text.unicodeScalars.count)
        switch keyword {
        case "minLength": return count >= rule.integer ?? 0
        case "maxLength": return count <= rule.integer ?? 0
        default: return try text.contains(Regex(rule.string ?? "").matchingSemantics(.unicodeScalar))
        }
    }

    private func matches(_ rule: JSONValue, _ value: JSONValue) throws -> Int {
        try (rule.array ?? []).count { try problems(value, $0).isEmpty }
    }

    private func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
        CanonicalJSON.text(of: left) == CanonicalJSON.text(of: right)
    }

    private func types(of value: JSONValue) -> [String] {
        switch value {
        case .null: ["null"]
        case .bool: ["boolean"]
        case .integer: ["integer", "number"]
        case .number: value.integer == nil ? ["number"] : ["integer", "number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }
}

import ImageModel

/// Collects every broken rule of a draft, each with its field, the rule in words, and the value.
struct RuleBook {
    let draft: ImageDraft
    private(set) var violations: [Violation] = []

    init(_ draft: ImageDraft) {
        self.draft = draft
    }

    /// Notes a violation of `part` unless `holds`; a part that an update leaves alone is not judged again.
    mutating func require(
        _ part: ImageDraft.Part, _ rule: String, value: String, holds: Bool
    ) {
        guard draft.concerns(part), !holds else { return }
        note(draft.path(part), rule, value)
    }

    /// Notes a violation of a vendor's field among the properties unless `holds`.
    mutating func require(property key: String, _ rule: String, value: String, holds: Bool) {
        guard draft.concerns(.properties), !holds else { return }
        note(draft.path(property: key), rule, value)
    }

    /// Notes a violation at a place of an import message unless `holds`.
    mutating func require(at path: String, _ rule: String, value: String, holds: Bool) {
        if !holds { note(path, rule, value) }
    }

    /// Notes that an import leaves out what the vendor requires, though the contract has a default.
    mutating func requireGiven(_ part: ImageDraft.Part, _ isGiven: Bool) {
        guard draft.isNew, !isGiven else { return }
        note(draft.path(part), "required by this profile", "absent")
    }

    /// Notes every property of the vendor that is none of `fields`.
    mutating func requireKnownFields(_ profile: String, _ fields: [String]) {
        let prefix = profile + "."
        for key in draft.details.properties.keys.sorted() where key.hasPrefix(prefix) {
            let field = String(key.dropFirst(prefix.count))
            require(
                property: key, "a field of this profile that jobs may set: \(fields.joined(separator: ", "))",
                value: field, holds: fields.contains(field))
        }
    }

    private mutating func note(_ path: String, _ rule: String, _ value: String) {
        let shown = value.unicodeScalars.count > 120 ? "\(value.prefix(100))… (\(value.count) characters)" : value
        violations.append(Violation(path: path, rule: rule, value: shown))
    }
}

extension Character {
    /// A letter or digit of ASCII.
    var isASCIIAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}

extension ByteCount {
    /// The bytes of a gibibyte, in which vendors count "GB".
    static let gibibyte: Int64 = 1 << 30
}

extension PropertyValue {
    /// The value as text for an error sentence.
    var shown: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .bool(let value): "\(value)"
        }
    }
}

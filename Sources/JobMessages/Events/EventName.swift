public import ImageModel

/// What an event is called: its CloudEvents type and its routing keys (CONTRACT section 3).
public enum EventName {
    /// `dev.longshore.image.<kind>.<phase>.v1` or `dev.longshore.job.rejected.v1`.
    public static func type(of topic: EventTopic) -> String {
        switch topic {
        case .image(let kind, let phase): "\(imagePrefix)\(kind.rawValue).\(phase.rawValue)\(version)"
        case .rejected: "dev.longshore.job.rejected\(version)"
        }
    }

    /// The topic of a type that ``type(of:)`` made; the kind of a rejected message is not in its type.
    public static func topic(ofType type: String) -> EventTopic? {
        if type == Self.type(of: .rejected(nil)) { return .rejected(nil) }
        guard type.hasPrefix(imagePrefix), type.hasSuffix(version) else { return nil }
        let words = type.dropFirst(imagePrefix.count).dropLast(version.count).split(separator: ".").map(String.init)
        guard words.count == 2, let kind = JobKind(rawValue: words[0]), let phase = EventPhase(rawValue: words[1])
        else { return nil }
        return .image(kind, phase)
    }

    /// `image.<kind>.<phase>.<account>` or `job.rejected.<kind>.<account>`; at most 213 bytes.
    public static func routingKey(_ topic: EventTopic, account: AccountID?) -> String {
        switch topic {
        case .image(let kind, let phase): "image.\(kind.rawValue).\(phase.rawValue).\(word(account))"
        case .rejected(let kind): "job.rejected.\(kind?.rawValue ?? "_").\(word(account))"
        }
    }

    /// The account as one word of a topic key: each byte outside `[A-Za-z0-9-]` as `_` and two hexadecimal digits.
    ///
    /// An account has at most 64 characters and begins with a letter or digit, so a word has at most 190 bytes.
    private static func word(_ account: AccountID?) -> String {
        guard let account else { return "_" }
        var word = ""
        for scalar in account.rawValue.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-": word.unicodeScalars.append(scalar)
            default: word += "_" + CollectionOfOne(UInt8(truncatingIfNeeded: scalar.value)).lowercaseHex
            }
        }
        return word
    }

    private static let imagePrefix = "dev.longshore.image."
    private static let version = ".v1"
}

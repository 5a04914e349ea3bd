import ImageModel
import ImageSource

extension ValueForm<Duration> {
    static func duration(atLeast least: Duration = .zero) -> Self {
        let bound = least > .zero ? ", at least \(least.configuredText)" : ""
        return Self(
            "duration", allowed: "a number and a unit: 500ms, 30s, 5m, 24h, 30d\(bound)", text: \.configuredText
        ) { text in
            Duration(configured: text).flatMap { $0 >= least ? $0 : nil }
        }
    }
}

extension ValueForm<ByteCount> {
    static func bytes(atLeast least: Int64 = 0, atMost most: Int64 = .max) -> Self {
        let bounds = [least > 0 ? "at least \(exact(least))" : nil, most < .max ? "at most \(exact(most))" : nil]
        let allowed = (["a number of bytes, or 64MiB, 1TiB"] + bounds.compactMap { $0 }).joined(separator: ", ")
        return Self("size", allowed: allowed, text: { exact($0.bytes) }) { text in
            ByteCount(text).flatMap { (least...most).contains($0.bytes) ? $0 : nil }
        }
    }

    /// The count in the largest IEC unit that divides it.
    private static func exact(_ bytes: Int64) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        where bytes > 0 && bytes % (1 << Int64(shift)) == 0 {
            return "\(bytes >> Int64(shift))\(unit)"
        }
        return "\(bytes)"
    }
}

extension ValueForm<Int> {
    static func count(_ range: ClosedRange<Int>) -> Self {
        Self("number", allowed: "a whole number, \(range.lowerBound) to \(range.upperBound)", text: { "\($0)" }) {
            text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static func word() -> Self {
        Self("word", allowed: Value.allCases.map(\.rawValue).joined(separator: ", "), text: \.rawValue) { text in
            Value(rawValue: text)
        }
    }
}

extension ValueForm<ListenAddress> {
    static var address: Self {
        Self("address", allowed: "host:port, such as 127.0.0.1:8474 or [::1]:8474", text: \.description) { text in
            ListenAddress(text)
        }
    }
}

extension ValueForm<HostRule> {
    static var destination: Self {
        Self(
            "destination", allowed: "a host name, *.name, address, network (10.0.0.0/8) or host:port; not a URL",
            text: \.description
        ) { text in
            HostRule(text)
        }
    }
}

extension ValueForm<AccountID> {
    static var account: Self {
        Self("account", allowed: "letters, digits and ._:@=+-, at most 64", text: \.rawValue) { AccountID($0) }
    }
}

extension ValueForm<Secret> {
    static func secret(atLeast length: Int = 1) -> Self {
        let allowed = length > 1 ? "at least \(length) characters" : "any text on one line"
        return Self("secret", allowed: allowed, disclosure: .nothing, text: \.revealed) { text in
            text.count >= length && !text.contains(where: \.isNewline) ? Secret(text) : nil
        }
    }
}

extension ValueForm<ServiceURL> {
    /// A URL with one of these schemes and something behind it.
    static func url(_ schemes: String..., example: String) -> Self {
        let starts = schemes.map { "\($0)://" }.joined(separator: " or ")
        return Self(
            "URL", allowed: "a URL that begins with \(starts), such as \(example)", disclosure: .withoutURLSecrets,
            text: \.revealed
        ) { text in
            let url = ServiceURL(text)
            guard schemes.contains(url.scheme), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
            let rest = text.dropFirst(url.scheme.count + 3)
            // A path of this machine must be absolute; anything else must name a host.
            let isLocal = url.scheme == "file" || url.scheme == "sqlite"
            return rest.isEmpty || isLocal != rest.hasPrefix("/") || rest == "/" ? nil : url
        }
    }
}

extension ValueForm<String> {
    /// Text that passes a test.
    static func text(_ kind: String = "text", allowed: String, _ test: @escaping @Sendable (String) -> Bool) -> Self {
        Self(kind, allowed: allowed, text: { $0 }) { test($0) ? $0 : nil }
    }

    /// A name of `[A-Za-z0-9][A-Za-z0-9._-]*` within a length.
    static func name(atMost length: Int) -> Self {
        text("name", allowed: "letters, digits and ._-, a letter or digit first, at most \(length)") { text in
            guard let first = text.first, text.count <= length else { return false }
            return first.isPlain && text.allSatisfy { $0.isPlain || "._-".contains($0) }
        }
    }

    static var path: Self {
        text("path", allowed: "an absolute path") { $0.hasPrefix("/") && !$0.contains("\0") }
    }

    /// The beginning of the URLs a credential may be sent to. A query or userinfo would never match anything.
    static var urlPrefix: Self {
        text("URL prefix", allowed: "the beginning of a URL with its host, such as https://objects.example/bucket/") {
            text in
            guard let scheme = ["https://", "http://", "s3://"].first(where: { text.hasPrefix($0) }) else {
                return false
            }
            let rest = text.dropFirst(scheme.count)
            return !rest.isEmpty && !rest.hasPrefix("/") && !rest.contains { "?#@ ".contains($0) }
        }
    }
}

extension Character {
    fileprivate var isPlain: Bool { isASCII && (isLetter || isNumber) }
}

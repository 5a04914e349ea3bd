/// What one URL serves.
struct ServedObject: Sendable {
    /// What it serves from a moment on; the first from the beginning.
    let versions: [ServedBody]
    /// Whether the length stands in the headers.
    let isLengthKnown: Bool
    let hasValidator: Bool
    /// Whether every version has the validator of the first: then nobody can tell them apart.
    let keepsValidator: Bool
    let servesRanges: Bool
    /// How long the server takes for each chunk.
    let pace: Duration

    func version(at now: Duration) -> ServedBody {
        versions.last { $0.since <= now } ?? versions[0]
    }

    func validator(of version: ServedBody) -> String? {
        hasValidator ? "\"\(keepsValidator ? versions[0].start : version.start)\"" : nil
    }

    /// Whether `bytes` are those of one version, and not of two.
    func served(_ bytes: [UInt8]) -> Bool {
        versions.contains { $0.bytes.elementsEqual(bytes) }
    }
}

/// The bytes that a URL serves for a while.
struct ServedBody: Sendable {
    let since: Duration
    /// Where in the pattern it begins.
    let start: Int
    let count: Int

    var bytes: ArraySlice<UInt8> { Bodies.pattern[start..<start + count] }
}

/// All that the hosts of a history serve.
struct Bodies: Sendable {
    private var byURL: [String: ServedObject] = [:]
    /// When hosts are away.
    private var absences: [(prefix: String, from: Duration, until: Duration)] = []

    subscript(url: String) -> ServedObject? {
        get { byURL[url] }
        set { byURL[url] = newValue }
    }

    mutating func takeAway(_ prefix: String, from: Duration, for duration: Duration) {
        absences.append((prefix, from, from + duration))
    }

    func isHostAway(of url: String, at now: Duration) -> Bool {
        absences.contains { url.hasPrefix($0.prefix) && $0.from <= now && now < $0.until }
    }

    /// Bytes that no two bodies cut alike.
    static let pattern: [UInt8] = {
        let dice = Dice(seed: 1, purpose: 99)
        return (0..<65_536).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
    }()
}

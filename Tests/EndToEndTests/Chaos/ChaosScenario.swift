import TestSupport

/// What an import meets at its source.
enum ChaosScenario: String, CaseIterable, Sendable {
    case plain, tagged, dated, chunked, withoutRanges, redirected
    case busy, reset, truncated, slow, changed
    case missing, forbidden, liar, alwaysTruncated, redirectLoop, privateAddress

    /// The sources that mean well and have a bad day among them; all their imports succeed in the end.
    static let curable: [Self] = [
        .plain, .tagged, .dated, .chunked, .withoutRanges, .redirected, .busy, .reset, .truncated, .slow, .changed,
    ]

    /// The sources from which nothing can or may be imported.
    static let hopeless: [Self] = [.missing, .forbidden, .liar, .alwaysTruncated, .redirectLoop, .privateAddress]

    /// Serves a body at a path as this scenario has it.
    func serve(_ path: String, size: Int64, seed: UInt64, on origin: Origin, _ dice: inout SplitMix) {
        let plain = OriginAnswer.pattern(size: size, seed: seed)
        let tagged = plain.etag("\"\(seed)\"")
        let part = Int64(dice.number(0...Int(size) - 2))
        switch self {
        case .plain, .liar, .privateAddress: origin.serve(path, plain)
        case .tagged: origin.serve(path, tagged)
        case .dated: origin.serve(path, plain.lastModified("Sat, 01 Jan 2022 00:00:00 GMT"))
        case .chunked: origin.serve(path, tagged.chunked())
        case .withoutRanges: origin.serve(path, tagged.withoutRanges())
        case .redirected:
            origin.serve(path, .redirect(to: "\(path)-there"))
            origin.serve("\(path)-there", tagged)
        case .busy: origin.serve(path, .status(503), .status(503).retryAfter("1"), .status(429), tagged)
        case .reset: origin.serve(path, tagged.resetting(after: part), tagged.resetting(after: size - 1), tagged)
        case .truncated:
            // Once: a body that ends too early again, and got no further, is taken for one that always does.
            origin.serve(path, plain.hangingUp(after: part), tagged)
        case .slow:
            origin.serve(path, tagged.trickling(bytes: max(1_000, Int(size) / 60), milliseconds: 50))
        case .changed:
            let other = OriginAnswer.pattern(size: size, seed: seed + 1).etag("\"other\"")
            origin.serve(path, other.hangingUp(after: part), tagged)
        case .missing: origin.serve(path, .status(404))
        case .forbidden: origin.serve(path, .status(403))
        case .alwaysTruncated: origin.serve(path, tagged.declaring(length: size + 100))
        case .redirectLoop: origin.serve(path, .redirect(to: path))
        }
    }
}

import ImageModel

/// `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// The longest wait that a peer can ask for; more is cut to this.
    static let limit: Duration = .seconds(24 * 3_600)

    /// The wait asked for; nil when nothing usable was said.
    ///
    /// A date is measured from the response's own `Date`, so that the two clocks need not agree.
    static func duration(_ head: ResponseHead, now: Timestamp) -> Duration? {
        guard let text = head["retry-after"] else { return nil }
        if let seconds = Int64(decimal: text) { return min(.seconds(seconds), limit) }
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return limit
        }
        guard let moment = HTTPDate.seconds(text) else { return nil }
        let from = head["date"].flatMap(HTTPDate.seconds) ?? now.microseconds / 1_000_000
        return min(max(.zero, .seconds(moment - from)), limit)
    }
}

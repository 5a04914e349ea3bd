/// The name of a retry: the id of the job it retries, `~`, and a number from 2 (CONTRACT section 3).
public struct RetryName: Hashable, Sendable {
    /// The job that was tried first.
    public let base: JobID
    /// Which try this is; the base was the first.
    public let number: Int

    /// Reads a name; nil for an id that is no retry's.
    public init?(_ id: JobID) {
        guard let mark = id.rawValue.lastIndex(of: "~"), let base = JobID(String(id.rawValue[..<mark])) else {
            return nil
        }
        let digits = id.rawValue[id.rawValue.index(after: mark)...]
        guard let number = Int(digits), number >= 2, "\(number)" == digits else { return nil }
        self.base = base
        self.number = number
    }

    /// The name of a later try of `base`; nil when it would be longer than an id may be.
    public static func id(of base: JobID, number: Int) -> JobID? {
        JobID("\(base.rawValue)~\(number)")
    }
}

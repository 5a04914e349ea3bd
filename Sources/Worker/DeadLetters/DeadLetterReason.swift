public import RabbitMQ

/// Why a message is a dead letter.
public enum DeadLetterReason: Sendable, Hashable {
    /// A worker refused it: `x-longshore-code`, `-path` and `-message`.
    case refused(code: String, path: String?, message: String?)
    /// The broker moved it from a queue: the newest entry of `x-death`.
    case moved(why: String, queue: String?)
    /// It says nothing of a reason: somebody published it here.
    case unknown

    /// What the headers say. The broker's own record wins: a publisher can write any header but that one.
    ///
    /// Source: RabbitMQ, "Dead Letter Exchanges", effects on dead-lettered messages.
    public init(headers: FieldTable) {
        if case .array(let deaths)? = headers["x-death"], case .table(let newest)? = deaths.first {
            self = .moved(
                why: newest["reason"]?.stringValue ?? "unknown", queue: newest["queue"]?.stringValue)
        } else if let code = headers["x-longshore-code"]?.stringValue {
            self = .refused(
                code: code, path: headers["x-longshore-path"]?.stringValue,
                message: headers["x-longshore-message"]?.stringValue)
        } else {
            self = .unknown
        }
    }

    /// One word to group and choose by: an error code of the contract, or the broker's word such as `rejected`.
    public var word: String {
        switch self {
        case .refused(let code, _, _): code
        case .moved(let why, _): why
        case .unknown: "unknown"
        }
    }

    /// A sentence for people.
    public var sentence: String {
        switch self {
        case .refused(_, let path, let message):
            [path.map { $0.isEmpty ? "" : "\($0):" }, message].compactMap { $0 }.filter { !$0.isEmpty }
                .joined(separator: " ")
        case .moved(_, let queue): "moved by the broker" + (queue.map { " from \($0)" } ?? "")
        case .unknown: "published here without a reason"
        }
    }
}

/// One HTTP request, all that the network thread needs to know of it.
struct Call: Sendable {
    /// How long an answer may take.
    enum Patience: Sendable {
        /// Bytes are on their way: at least 1 KiB/s in one direction or the other, for as long as it takes.
        case whileMoving
        /// The service works on its own.
        case seconds(Int)
    }

    let method: String
    let url: String
    /// Lines of the head.
    let fields: [String]
    let body: CallBody?
    /// The longest body of an answer that is taken.
    let answerLimit: Int
    let patience: Patience
    /// Calls of the same group are given up together; 0 is no group.
    let group: UInt64
}

/// What came back.
struct CallAnswer: Sendable {
    /// The HTTP status.
    var status = 0
    /// Lower-case names; the first value of each.
    var fields: [String: String] = [:]
    /// The body.
    var body: [UInt8] = []
}

/// Why nothing came back.
struct CallFailure: Error, Sendable {
    /// Half a sentence; without URL and fields.
    let reason: String
    /// Whether the same call may succeed later.
    let isTransient: Bool
    /// Whether this side gave the call up.
    var isGivenUp = false
}

/// A request as it came.
public struct OriginRequest: Sendable {
    /// `GET`, `HEAD`, …
    public let method: String
    /// Without the query.
    public let path: String
    /// Without the question mark.
    public let query: String?
    /// Names in lower case.
    public let fields: [String: String]

    /// The value of a field, by its name in any case.
    public subscript(name: String) -> String? { fields[name.lowercased()] }
}

/// What an ``Origin`` saw and sent. Tests ask it, and wait for it.
public final class OriginJournal: Sendable {
    /// Everything that happened so far.
    public struct Entries: Sendable {
        /// Requests in the order of their coming.
        public internal(set) var requests: [OriginRequest] = []
        /// Bytes of bodies that the kernel took, by path.
        public internal(set) var bytesSent: [String: Int64] = [:]
        /// Answers that were sent to their last byte, by path.
        public internal(set) var completed: [String: Int] = [:]
        /// Answers that ended because the client hung up, by path.
        public internal(set) var hangUps: [String: Int] = [:]
        /// Answers that are held at a gate, by path.
        public internal(set) var held: [String: Int] = [:]
        /// Connections that were accepted.
        public internal(set) var accepted = 0
        /// Connections that are over.
        public internal(set) var closed = 0
        /// Times at which the client took nothing for a while although there was more, by path.
        public internal(set) var stuck: [String: Int] = [:]

        /// The requests for one path.
        public func requests(for path: String) -> [OriginRequest] { requests.filter { $0.path == path } }
    }

    private let watched = Watched(Entries())

    /// Everything that happened so far.
    public var entries: Entries { watched.value }

    /// Returns as soon as `condition` holds, or when the task is cancelled.
    public func wait(until condition: @escaping @Sendable (Entries) -> Bool) async {
        await watched.wait(until: condition)
    }

    func note(_ change: @Sendable (inout Entries) -> Void) {
        watched.change(change)
    }
}

extension [String: Int] {
    /// Adds one at a key.
    mutating func count(_ key: String) {
        self[key, default: 0] += 1
    }
}

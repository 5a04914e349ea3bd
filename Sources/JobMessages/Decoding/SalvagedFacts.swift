import ImageModel

/// What can be told of a message although it is no job, for routing and correlating what is said about it.
struct SalvagedFacts {
    var kind: JobKind?
    var jobID: String?
    var owner: AccountID?

    /// From the properties alone, when the body cannot be read.
    init(properties message: IncomingMessage) {
        kind = JobKind(rawValue: message.routingKey)
        jobID = Self.shown(message.namedJobID)
    }

    /// From a body that is JSON.
    init(_ message: IncomingMessage, body: JSONValue) {
        self.init(properties: message)
        if let named = body["kind"] { kind = named.string.flatMap(JobKind.init) }
        if let id = body["id"]?.string { jobID = Self.shown(id) }
        let accounts = [body["image"]?["owner"], body["actor"]?["account"]]
        owner = accounts.lazy.compactMap { $0?.string.flatMap(AccountID.init) }.first
    }

    /// An id of the length that ids may have, in printable ASCII, because it becomes a correlation id.
    private static func shown(_ id: String?) -> String? {
        guard let id, !id.isEmpty else { return nil }
        let bytes = id.utf8.prefix(128).map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}

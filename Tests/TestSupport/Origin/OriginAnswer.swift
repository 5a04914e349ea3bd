/// What an ``Origin`` answers to one request, faults included.
///
/// Begin with ``pattern(size:seed:)``, ``bytes(_:)``, ``status(_:)`` or ``redirect(to:status:)`` and add to it:
///
/// ```swift
/// origin.serve("/image", .pattern(size: 5 << 20).etag("\"v1\"").resetting(after: 1 << 20))
/// ```
public struct OriginAnswer: Sendable {
    /// How the end of the body is told.
    enum Framing: Sendable {
        case contentLength
        case declared(Int64)
        case chunked
        case untilClose
    }

    /// What happens when so many bytes of the body are sent.
    enum Fault: Sendable {
        case reset
        case hangUp
        case hold(Gate)
    }

    var status = 200
    var fields: [(name: String, value: String)] = []
    var body: PatternBytes?
    var text: [UInt8] = []
    var framing = Framing.contentLength
    var honoursRanges = true
    var contentRange: String?
    var faults: [(after: Int64, fault: Fault)] = []
    var headGate: Gate?
    var rawHead: String?
    var pace: (bytes: Int, milliseconds: Int32)?

    /// 200 with a body made from a seed.
    public static func pattern(size: Int64, seed: UInt64 = 1) -> Self {
        var answer = Self()
        answer.body = PatternBytes(size: size, seed: seed)
        return answer
    }

    /// 200 with these bytes.
    public static func bytes(_ bytes: [UInt8]) -> Self {
        var answer = Self()
        answer.text = bytes
        return answer
    }

    /// A status with a short body.
    public static func status(_ status: Int) -> Self {
        var answer = Self.bytes(Array("status \(status)\n".utf8))
        answer.status = status
        answer.honoursRanges = false
        return answer
    }

    /// A status with these bytes.
    public static func bytes(_ bytes: [UInt8], status: Int) -> Self {
        var answer = Self.bytes(bytes)
        answer.status = status
        answer.honoursRanges = status == 200
        return answer
    }

    /// A redirect to an absolute or relative URL.
    public static func redirect(to location: String, status: Int = 302) -> Self {
        Self.status(status).field("Location", location)
    }

    /// These characters instead of a head, then the end of the connection.
    public static func raw(_ head: String) -> Self {
        var answer = Self()
        answer.rawHead = head
        return answer
    }

    /// One more header field.
    public func field(_ name: String, _ value: String) -> Self { with { $0.fields.append((name, value)) } }

    /// An entity tag, quotes included; `If-Range` is compared with it.
    public func etag(_ tag: String) -> Self { field("ETag", tag) }

    /// A `Last-Modified` date, in an answer that is made at `now`; `If-Range` is compared with it.
    public func lastModified(_ date: String, now: String = "Sun, 22 Nov 2026 00:00:00 GMT") -> Self {
        field("Last-Modified", date).field("Date", now)
    }

    /// How long the client should wait: seconds or a date.
    public func retryAfter(_ value: String) -> Self { field("Retry-After", value) }

    /// `Range` is ignored.
    public func withoutRanges() -> Self { with { $0.honoursRanges = false } }

    /// The `Content-Range` of a 206, right or wrong, instead of the true one.
    public func claimingRange(_ value: String) -> Self { with { $0.contentRange = value } }

    /// A `Content-Length` of `length`, whatever the body's length is; the connection ends after the body.
    public func declaring(length: Int64) -> Self { with { $0.framing = .declared(length) } }

    /// Transfer-Encoding: chunked.
    public func chunked() -> Self { with { $0.framing = .chunked } }

    /// No length: the body ends with the connection.
    public func untilClose() -> Self { with { $0.framing = .untilClose } }

    /// The connection is reset after so many bytes of the body.
    public func resetting(after bytes: Int64) -> Self { with { $0.faults.append((bytes, .reset)) } }

    /// The connection is closed in order after so many bytes of the body.
    public func hangingUp(after bytes: Int64) -> Self { with { $0.faults.append((bytes, .hangUp)) } }

    /// Nothing is sent after so many bytes of the body, until `gate` opens.
    public func holding(after bytes: Int64, until gate: Gate) -> Self {
        with { $0.faults.append((bytes, .hold(gate))) }
    }

    /// Not even the head is sent until `gate` opens.
    public func holdingHead(until gate: Gate) -> Self { with { $0.headGate = gate } }

    /// The body trickles: `bytes` at a time with `milliseconds` in between.
    public func trickling(bytes: Int, milliseconds: Int32) -> Self { with { $0.pace = (bytes, milliseconds) } }

    /// The length of the body as it lies there.
    var length: Int64 { body?.size ?? Int64(text.count) }

    /// The body's bytes from `offset`, at most `limit`.
    func bytes(at offset: Int64, limit: Int) -> [UInt8] {
        if let body { return body.bytes(at: offset, limit: limit) }
        return Array(text.dropFirst(Int(offset)).prefix(limit))
    }

    /// The value of a field that was added.
    subscript(name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }

    private func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

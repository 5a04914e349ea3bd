import NIOCore

/// What one port of HTTP grants those who ask it.
struct HTTPLimits: Sendable {
    /// Connections at once; for one more, another is closed.
    var connections = 128
    /// Requests that are answered at once, see ``AnswerLimit``.
    var answers = 64
    /// How long a connection may be open without a request.
    var idle = TimeAmount.seconds(60)
    /// How long a request may take to arrive, and how long a part of an answer may wait to be taken.
    var transfer = TimeAmount.seconds(60)
}

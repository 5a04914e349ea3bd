/// A decoded job message with all that must be kept beside the request.
public struct JobSubmission: Sendable, Hashable {
    /// What is asked for.
    public var request: JobRequest
    /// RFC 8785 form of the message without `x-` members, `actor.user` and the query of `source.url`: two messages
    /// with the same id are the same job when these are equal.
    public var canonicalForm: String
    /// The query of `source.url`, without `?`; a secret.
    public var sourceQuery: String?
    /// Where the terminal event is also to go.
    public var replyTo: String?
    /// The asker's own correlation id, given back in the reply.
    public var correlationID: String?
    /// W3C trace context of the asker.
    public var traceparent: String?
    /// W3C vendor trace state.
    public var tracestate: String?
    /// The broker-checked name of the publisher.
    public var userID: String?
    /// Why the publisher may not ask for this; the job is accepted, and fails at once.
    public var refusal: Failure?

    /// A submission from its parts.
    public init(
        request: JobRequest, canonicalForm: String, sourceQuery: String? = nil, replyTo: String? = nil,
        correlationID: String? = nil, traceparent: String? = nil, tracestate: String? = nil, userID: String? = nil
    ) {
        self.request = request
        self.canonicalForm = canonicalForm
        self.sourceQuery = sourceQuery
        self.replyTo = replyTo
        self.correlationID = correlationID
        self.traceparent = traceparent
        self.tracestate = tracestate
        self.userID = userID
    }
}

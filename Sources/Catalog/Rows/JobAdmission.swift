/// What is kept beside a job's request from the moment it was accepted.
public struct JobAdmission: Hashable, Sendable {
    /// Decides whether another message with the same id is the same job.
    public var canonicalForm: String
    /// The secret query of the source URL; gone once the job has ended.
    public var sourceQuery: String?
    /// Where the terminal event is also to go.
    public var replyTo: String?
    /// Given back in the reply.
    public var correlationID: String?

    /// An admission from its parts.
    public init(
        canonicalForm: String, sourceQuery: String? = nil, replyTo: String? = nil, correlationID: String? = nil
    ) {
        self.canonicalForm = canonicalForm
        self.sourceQuery = sourceQuery
        self.replyTo = replyTo
        self.correlationID = correlationID
    }
}

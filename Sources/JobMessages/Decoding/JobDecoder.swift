public import ImageModel

/// Tells jobs from what can never become one.
public enum JobDecoder {
    /// The version of the message format that this decoder reads.
    public static let version: Int64 = 1

    /// The job that `message` asks for.
    ///
    /// - Throws: ``RejectedMessage`` with `malformed_message` when body or properties cannot be read at all,
    ///   `unsupported_version` when the body says another version, and `invalid_job` with every broken rule otherwise.
    public static func decode(_ message: IncomingMessage) throws(RejectedMessage) -> JobSubmission {
        let root = try object(in: message)
        let salvage = SalvagedFacts(message, body: .object(root))
        if let version = root["version"], version.integer != Self.version {
            let violation = Violation(
                path: "/version", rule: "must be \(Self.version)", value: ShortenedText.show(version))
            throw RejectedMessage(.unsupportedVersion, [violation], salvage: salvage)
        }
        var body = JobBody(message, root: root)
        body.read()
        guard body.reader.violations.isEmpty, let kind = body.kind, let request = body.draft.request(kind) else {
            throw RejectedMessage(.invalidJob, body.reader.violations, salvage: salvage)
        }
        let trace = message.trace
        return JobSubmission(
            request: request, canonicalForm: CanonicalJob.text(of: root, id: request.id),
            sourceQuery: body.draft.source?.query, replyTo: message.replyTo, correlationID: message.correlationID,
            traceparent: trace?.traceparent, tracestate: trace?.tracestate, userID: message.userID)
    }

    private static func object(in message: IncomingMessage) throws(RejectedMessage) -> JSONObject {
        func malformed(_ violation: Violation, sentence: String? = nil) -> RejectedMessage {
            RejectedMessage(
                .malformedMessage, [violation], sentence: sentence, salvage: SalvagedFacts(properties: message))
        }
        if let problem = message.propertyProblem {
            let value = ShortenedText.show(.string(problem.value))
            throw malformed(Violation(path: "", rule: problem.rule, value: value))
        }
        let body: JSONValue
        do {
            body = try StrictJSONParser.parse(message.body, limits: .jobMessage)
        } catch {
            let violation = Violation(
                path: error.path.description, rule: "\(error.reason) at byte \(error.offset)", value: error.value)
            throw malformed(violation, sentence: error.description)
        }
        guard let object = body.object else {
            throw malformed(Violation(path: "", rule: "must be a JSON object", value: ShortenedText.show(body)))
        }
        return object
    }
}

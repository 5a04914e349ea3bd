import S3Signing

/// A request to a bucket, not yet addressed and signed.
struct S3Request: Sendable {
    var method: String
    /// The key; nil for the bucket itself.
    var key: String?
    var query: [(name: String, value: String)] = []
    /// Fields of the head; all are signed.
    var fields: [(name: String, value: String)] = []
    var body: CallBody?
    /// The SHA-256 of the body in hexadecimal, or ``SigV4Signer/unsignedPayload``.
    var payloadHash = SigV4Signer.emptyPayloadHash
    /// The longest body of an answer that is taken.
    var answerLimit = 8 << 20
    var patience = Call.Patience.seconds(30)
    /// How often it is tried.
    var tries = 5
    var group: UInt64 = 0

    init(_ method: String, _ key: String?, query: [(name: String, value: String)] = []) {
        self.method = method
        self.key = key
        self.query = query
    }
}

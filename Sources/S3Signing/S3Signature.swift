public import ImageModel

/// Signs requests to an S3 service.
public struct S3Signature: Sendable {
    private let keys: S3Keys
    private let signer: SigV4Signer

    /// Signs with `keys` for the region of `service`.
    public init(keys: S3Keys, service: S3Service) {
        self.keys = keys
        signer = SigV4Signer(keys: keys, region: service.region)
    }

    /// The header fields to send beside `Host` and `fields`, all of which are signed.
    ///
    /// - Parameters:
    ///   - payloadHash: The SHA-256 of the body in hexadecimal, or ``SigV4Signer/unsignedPayload``.
    ///   - moment: Now; the service refuses a clock that is more than 15 minutes off.
    public func fields(
        _ method: String, _ address: S3Address, query: [(name: String, value: String)] = [],
        fields: [(name: String, value: String)] = [], payloadHash: String, at moment: Timestamp
    ) -> [(name: String, value: String)] {
        var added = [(name: "x-amz-date", value: moment.basicISO8601), ("x-amz-content-sha256", payloadHash)]
        if let token = keys.sessionToken { added.append(("x-amz-security-token", token)) }
        let request = SigV4Signer.Request(
            method: method, path: address.path, query: query, fields: [("host", address.authority)] + fields + added,
            payloadHash: payloadHash)
        return added + [("authorization", signer.authorization(for: request, at: moment))]
    }
}

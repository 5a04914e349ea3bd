import ImageModel
import S3Signing

/// Keys of an S3 account, the service they are for, and which of its objects they may be used for.
struct S3Access: Sendable {
    private let signature: S3Signature
    private let service: S3Service
    private let prefixes: [S3Location]

    /// Nil when a prefix is no `s3://` URL of a bucket.
    init?(keys: S3Keys, service: S3Service, urls: [String]) {
        var prefixes: [S3Location] = []
        for url in urls {
            guard let prefix = try? S3Location(url) else { return nil }
            prefixes.append(prefix)
        }
        signature = S3Signature(keys: keys, service: service)
        self.service = service
        self.prefixes = prefixes
    }

    /// Whether these keys may be used for an object.
    func covers(_ location: S3Location) -> Bool { prefixes.contains { $0.covers(location) } }

    /// The request for an object.
    ///
    /// - Parameter query: Such as `versionId=…`; nil when there is none.
    /// - Throws: ``SourceError`` with `source_denied` when the query is wrongly encoded.
    func request(for location: S3Location, query: String?) throws(SourceError) -> S3ObjectRequest {
        var parameters: [(name: String, value: String)] = []
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = String(parts[0]).uriDecoded,
                let value = String(parts.count == 2 ? parts[1] : "").uriDecoded
            else { throw SourceError(.sourceDenied, "the query of the s3 URL is wrongly encoded") }
            parameters.append((name, value))
        }
        let address = service.address(bucket: location.bucket, key: location.key)
        let written = SigV4Signer.canonicalQuery(parameters)
        let target = try FetchTarget(url: address.url(query: ""), query: written.isEmpty ? nil : written)
        guard target.path == address.path else {
            throw SourceError(.sourceDenied, "the key of the s3 URL cannot be sent as it is")
        }
        return S3ObjectRequest(target: target, address: address, query: parameters, signature: signature)
    }
}

/// A request for an object, whose signature holds for some minutes and so is made at the last moment.
struct S3ObjectRequest: Sendable {
    /// Where the service has the object.
    let target: FetchTarget
    fileprivate let address: S3Address
    fileprivate let query: [(name: String, value: String)]
    fileprivate let signature: S3Signature

    fileprivate init(
        target: FetchTarget, address: S3Address, query: [(name: String, value: String)], signature: S3Signature
    ) {
        self.target = target
        self.address = address
        self.query = query
        self.signature = signature
    }

    /// The lines to send.
    func lines(at moment: Timestamp) -> [String] {
        signature.fields("GET", address, query: query, payloadHash: SigV4Signer.emptyPayloadHash, at: moment)
            .map { "\($0.name): \($0.value)" }
    }
}

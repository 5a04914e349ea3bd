public import ImageModel

/// Signs HTTP requests by AWS Signature Version 4, in the `Authorization` header. Pure.
///
/// Our own and not libcurl's `CURLOPT_AWS_SIGV4`: the packaged 7.88 neither sorts nor encodes the parameters of a query as
/// the signature's canonical form wants them, and every request of a multipart upload has some.
public struct SigV4Signer: Sendable {
    /// What is signed of a request.
    public struct Request: Sendable {
        /// `GET`, `PUT` …
        public var method: String
        /// The path as it is sent, already percent-encoded.
        public var path: String
        /// The parameters of the query, not encoded yet, in any order.
        public var query: [(name: String, value: String)]
        /// The header fields to sign, `Host` and `X-Amz-Date` among them.
        public var fields: [(name: String, value: String)]
        /// The SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD`.
        public var payloadHash: String

        /// A request from its parts.
        public init(
            method: String, path: String, query: [(name: String, value: String)],
            fields: [(name: String, value: String)], payloadHash: String
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.fields = fields
            self.payloadHash = payloadHash
        }
    }

    /// The SHA-256 of no bytes.
    public static let emptyPayloadHash = LibCrypto.sha256([]).lowercaseHex
    /// What stands in place of a hash when the body is not signed; only for connections that are encrypted.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"

    private let keys: S3Keys
    private let region: String
    private let service: String

    /// A signer with `keys` for one service in one region.
    public init(keys: S3Keys, region: String, service: String = "s3") {
        self.keys = keys
        self.region = region
        self.service = service
    }

    /// The value of the `Authorization` field.
    ///
    /// - Parameter moment: What the field `X-Amz-Date` of the request says.
    public func authorization(for request: Request, at moment: Timestamp) -> String {
        let date = moment.basicISO8601
        let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
        let fields = Self.canonicalFields(request.fields)
        let names = fields.map(\.name).joined(separator: ";")
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n" + Self.hash(of: request, fields, names)
        let signature = LibCrypto.hmacSHA256(key: signingKey(on: String(date.prefix(8))), text).lowercaseHex
        return "AWS4-HMAC-SHA256 Credential=\(keys.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    }

    /// The query as it must be sent: sorted and encoded as it is signed; without `?`.
    public static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
        query.map { (name: encoded($0.name), value: encoded($0.value)) }
            .sorted { Array($0.name.utf8).precedes($1.name.utf8, else: $0.value.utf8, $1.value.utf8) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String { text.uriEncoded(keepingSlashes: false) }

    private static func hash(
        of request: Request, _ fields: [(name: String, value: String)], _ names: String
    ) -> String {
        let lines =
            [request.method, request.path, canonicalQuery(request.query)] + fields.map { "\($0.name):\($0.value)" }
            + ["", names, request.payloadHash]
        return LibCrypto.sha256(lines.joined(separator: "\n").utf8).lowercaseHex
    }

    /// Lower-case names in their order, values without outer blanks and with single ones inside, fields of one name joined.
    private static func canonicalFields(_ fields: [(name: String, value: String)]) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for field in fields {
            let words = field.value.split { $0 == " " || $0 == "\t" }
            values[field.name.lowercased(), default: []].append(words.joined(separator: " "))
        }
        return values.sorted { Array($0.key.utf8).lexicographicallyPrecedes($1.key.utf8) }
            .map { ($0.key, $0.value.joined(separator: ",")) }
    }

    private func signingKey(on day: String) -> [UInt8] {
        let ofDay = LibCrypto.hmacSHA256(key: "AWS4\(keys.secretKey)".utf8, day)
        let ofRegion = LibCrypto.hmacSHA256(key: ofDay, region)
        let ofService = LibCrypto.hmacSHA256(key: ofRegion, service)
        return LibCrypto.hmacSHA256(key: ofService, "aws4_request")
    }
}

extension [UInt8] {
    /// Whether these bytes come before `other`; when they are the same, whether `value` comes before `otherValue`.
    fileprivate func precedes(
        _ other: String.UTF8View, else value: String.UTF8View, _ otherValue: String.UTF8View
    ) -> Bool {
        if elementsEqual(other) { return Array(value).lexicographicallyPrecedes(otherValue) }
        return lexicographicallyPrecedes(other)
    }
}

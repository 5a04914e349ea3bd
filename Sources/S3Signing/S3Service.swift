/// An S3 service: where it is, how its buckets are addressed and for which region requests are signed.
public struct S3Service: Sendable, Hashable {
    /// How the bucket is named in a request.
    public enum Style: String, Sendable, CaseIterable {
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtual
    }

    /// `https` or `http`.
    public let scheme: String
    /// The host, with its port unless that is the scheme's own.
    public let authority: String
    /// The region to sign for.
    public let region: String
    /// How buckets are addressed.
    public let style: Style

    /// A service from what is configured.
    ///
    /// - Parameters:
    ///   - endpoint: `https://host[:port]`; nil for that of AWS in `region`.
    ///   - region: nil for `us-east-1`, which services other than AWS mostly accept.
    ///   - style: nil for what always works: paths at an `endpoint`, virtual hosts at AWS.
    /// - Returns: nil when the endpoint is no such URL, or the region no plain name.
    public init?(endpoint: String?, region: String?, style: Style? = nil) {
        let region = region ?? "us-east-1"
        guard Self.isHost(region.lowercased()) else { return nil }
        self.region = region
        guard let endpoint else {
            scheme = "https"
            authority = "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
            self.style = style ?? .virtual
            return
        }
        guard let mark = endpoint.firstRange(of: "://") else { return nil }
        let scheme = endpoint[..<mark.lowerBound].lowercased()
        var authority = endpoint[mark.upperBound...].lowercased()
        if authority.hasSuffix("/") { authority.removeLast() }
        let standard = scheme == "https" ? ":443" : ":80"
        if authority.hasSuffix(standard) { authority.removeLast(standard.count) }
        guard scheme == "https" || scheme == "http", Self.isHost(authority) else { return nil }
        self.scheme = scheme
        self.authority = authority
        self.style = style ?? .path
    }

    /// The address of a bucket, or of an object in it.
    ///
    /// A bucket whose name has dots is addressed by path over TLS: no certificate covers it as a host.
    public func address(bucket: String, key: String?) -> S3Address {
        let path = key.map { $0.uriEncoded(keepingSlashes: true) } ?? ""
        if style == .path || scheme == "https" && bucket.contains(".") {
            return S3Address(
                scheme: scheme, authority: authority,
                path: "/\(bucket)" + (key == nil ? "" : "/\(path)"))
        }
        return S3Address(scheme: scheme, authority: "\(bucket).\(authority)", path: "/\(path)")
    }

    /// Whether a name can be a bucket's: 3 to 63 of `a-z`, `0-9`, `.` and `-`, letters or digits at the ends.
    public static func isBucket(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
            && isAlphanumeric(first) && isAlphanumeric(last) && !name.contains("..")
    }

    /// A host name or address with or without a port, in lower case; nothing that a URL could understand otherwise.
    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.utf8.allSatisfy { isAlphanumeric($0) || ".-:[]".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Where a request goes.
public struct S3Address: Sendable, Hashable {
    /// `https` or `http`.
    public let scheme: String
    /// What the field `Host` says.
    public let authority: String
    /// The path, percent-encoded.
    public let path: String

    /// The URL, with a query that is already encoded.
    public func url(query: String) -> String {
        "\(scheme)://\(authority)\(path)" + (query.isEmpty ? "" : "?\(query)")
    }
}

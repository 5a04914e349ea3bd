import ImageModel
import S3Signing

/// `s3://bucket/key`: an object, or all that lies below one.
struct S3Location: Sendable, Hashable {
    let bucket: String
    /// Percent-decoded.
    let key: String

    /// Parses such a URL; nil when its scheme is another.
    ///
    /// - Throws: ``SourceError`` with `source_denied` when the bucket is none, or the key one that somebody on the way could
    ///   read as another.
    init?(_ url: String) throws(SourceError) {
        guard url.prefix(5).lowercased() == "s3://" else { return nil }
        let rest = url.dropFirst(5)
        guard url.utf8.count <= 8_192, !rest.contains(where: { "?#@".contains($0) }) else {
            throw SourceError(.sourceDenied, "an s3 URL is like s3://bucket/key, without user name, query and fragment")
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first.map(String.init), S3Service.isBucket(bucket) else {
            throw SourceError(.sourceDenied, "the URL does not begin with s3:// and the name of a bucket")
        }
        guard let key = (parts.count == 2 ? String(parts[1]) : "").uriDecoded, key.utf8.count <= 1_024,
            key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw SourceError(.sourceDenied, "the key of the s3 URL is too long or wrongly encoded") }
        let segments = key.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else {
            throw SourceError(.sourceDenied, "the key of the s3 URL has . or .. in it")
        }
        self.bucket = bucket
        self.key = key
    }

    /// Whether `other` is this object, or lies below it by whole segments.
    func covers(_ other: S3Location) -> Bool {
        guard bucket == other.bucket, other.key.hasPrefix(key) else { return false }
        return key.isEmpty || key.hasSuffix("/") || other.key.utf8.count == key.utf8.count
            || other.key.utf8.dropFirst(key.utf8.count).first == UInt8(ascii: "/")
    }
}

import ImageModel
import S3Signing

/// A part of a bucket: everything below one prefix.
struct S3Place: Sendable, CustomStringConvertible {
    /// The store whose place it is.
    let name: StoreName
    let service: S3Service
    let bucket: String
    /// Empty, or ends with a slash.
    let prefix: String

    /// The key of something below the prefix.
    func key(_ path: String) -> String { prefix + path }

    /// Where something below the prefix lies, for people and programs.
    func url(_ path: String) -> String {
        "s3://\(bucket)/" + key(path).uriEncoded(keepingSlashes: true)
    }

    /// `s3://bucket/prefix`
    var description: String {
        let prefix = prefix.hasSuffix("/") ? prefix.dropLast() : prefix[...]
        return "s3://\(bucket)" + (prefix.isEmpty ? "" : "/\(prefix)")
    }
}

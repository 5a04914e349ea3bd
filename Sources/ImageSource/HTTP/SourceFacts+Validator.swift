public import ImageModel

extension SourceFacts {
    /// What may stand in `If-Range` to go on with exactly these bytes: a strong entity tag, else `Last-Modified`.
    ///
    /// A weak tag promises meaning, not bytes (RFC 9110, section 13.1.5).
    public var strongValidator: String? {
        if let etag, ResumePoint.isStrong(etag) { return etag }
        return lastModified
    }
}

extension ResumePoint {
    /// The validator, when it promises that not a byte is different.
    var strongValidator: String? { validator.flatMap { Self.isStrong($0) ? $0 : nil } }

    /// Whether a text is a strong entity tag, or a date.
    static func isStrong(_ validator: String) -> Bool {
        !validator.isEmpty && !validator.hasPrefix("W/") && validator.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }
}

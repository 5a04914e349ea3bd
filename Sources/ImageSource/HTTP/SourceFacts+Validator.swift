public import ImageModel

extension SourceFacts {
    /// What may stand in `If-Range` to go on with exactly these bytes: a strong entity tag, else a `Last-Modified` that had
    /// settled when the source answered.
    ///
    /// A weak tag promises meaning, not bytes; and bytes written twice within a second have the same date (RFC 9110, sections
    /// 8.8.2.2 and 13.1.5).
    public var strongValidator: String? { strongTag ?? (hasSettledDate == true ? lastModified : nil) }

    /// The entity tag, when it promises that not a byte is different.
    public var strongTag: String? { etag.flatMap { ResumePoint.isStrong($0) ? $0 : nil } }
}

extension ResumePoint {
    /// The validator, when it promises that not a byte is different.
    var strongValidator: String? { validator.flatMap { Self.isStrong($0) ? $0 : nil } }

    /// Whether a text is a strong entity tag, or a date.
    static func isStrong(_ validator: String) -> Bool {
        !validator.isEmpty && !validator.hasPrefix("W/") && validator.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }
}

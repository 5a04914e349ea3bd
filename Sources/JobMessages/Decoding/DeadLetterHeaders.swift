public import ImageModel

/// The headers that say why a message is a dead letter (CONTRACT section 2).
public enum DeadLetterHeaders {
    /// `x-longshore-code`, `-path` and `-message`, each bounded and on one line.
    public static func headers(for failure: Failure) -> [String: String] {
        [
            "x-longshore-code": failure.code.rawValue,
            "x-longshore-path": ShortenedText.cut(failure.violations.first?.path ?? "", to: 512),
            "x-longshore-message": ShortenedText.cut(failure.message, to: 1_024),
        ]
    }
}

import CCurl
import ImageModel
import ImageStore

/// What an S3 service, or the way to it, said no with.
struct S3Failure: Error, Sendable {
    /// The HTTP status; 0 when there was no answer.
    let status: Int
    /// The service's code, such as `NoSuchBucket`; empty when there was none.
    let code: String
    /// Half a sentence: the service's message, or what went wrong on the way.
    let reason: String
    /// Whether it may succeed.
    let outlook: Outlook
    /// What the service asked for in `Retry-After`.
    let retryAfter: Duration?

    /// No answer came.
    init(_ failure: CallFailure) {
        status = 0
        code = ""
        reason = failure.reason
        outlook = failure.isTransient ? .again : .later
        retryAfter = nil
    }

    /// An answer came that makes no sense.
    init(nonsense reason: String) {
        status = 0
        code = ""
        self.reason = reason
        outlook = .again
        retryAfter = nil
    }

    /// This side refuses to go on.
    init(refusal reason: String) {
        status = 0
        code = ""
        self.reason = reason
        outlook = .never
        retryAfter = nil
    }

    /// An error came, as the body of an answer, sometimes of one with status 200.
    init(_ answer: CallAnswer) {
        let error = XMLElement(parsing: answer.body).flatMap { $0.name == "Error" ? $0 : nil }
        status = answer.status
        code = Self.word(error?["Code"] ?? Self.implied(by: answer))
        var reason = Self.line(error?["Message"] ?? "")
        if let region = answer.fields["x-amz-bucket-region"] ?? error?["Region"] {
            reason += (reason.isEmpty ? "" : "; ") + "the bucket is in region \(Self.word(region))"
        }
        self.reason = reason
        outlook = Self.outlook(status: answer.status, code: code)
        retryAfter = answer.fields["retry-after"].flatMap { Self.wait($0, date: answer.fields["date"]) }
    }

    /// What becomes of a request that failed.
    enum Outlook: Sendable {
        /// The same request may succeed in a moment.
        case again
        /// Nothing but time, another attempt or an operator can mend it.
        case later
        /// It can never succeed.
        case never
    }

    /// Tells what passes from what stays. A code of the service wins over its status.
    static func outlook(status: Int, code: String) -> Outlook {
        switch code {
        case "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "RequestLimitExceeded", "Throttling",
            "ThrottlingException", "TooManyRequests", "OperationAborted", "ConditionalRequestConflict", "BadDigest",
            "XAmzContentSHA256Mismatch", "IncompleteBody", "ServerBusy":
            return .again
        // The upload was ended by somebody else, or a part replaced; keys, clock, region, quota are an operator's.
        case "NoSuchUpload", "InvalidPart", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed", "ExpiredToken",
            "InvalidToken", "QuotaExceeded":
            return .later
        case "NotImplemented", "EntityTooLarge": return .never
        default: break
        }
        switch status {
        case 200, 408, 425, 429, 500, 502, 503, 504: return .again
        case 301, 302, 307, 308, 401, 403, 404, 409, 412, 507: return .later
        default: return .never
        }
    }

    /// Whether there is nothing of that name. Some services say so of an upload with the code for a key.
    var isAbsence: Bool {
        status == 404 && code != "NoSuchBucket" || ["NoSuchKey", "NoSuchUpload"].contains(code)
    }

    /// Whether a condition of the request did not hold.
    var isPreconditionFailure: Bool { status == 412 || code == "PreconditionFailed" }

    /// Whether the service does not know what a request asked for.
    var isNotImplemented: Bool { status == 501 || code == "NotImplemented" }

    /// A HEAD has no body to say more in.
    private static func implied(by answer: CallAnswer) -> String {
        switch answer.status {
        case 301, 307, 308: "PermanentRedirect"
        case 403: "AccessDenied"
        default: ""
        }
    }

    /// `Retry-After` in seconds or as a date, measured from the answer's own (RFC 9110, section 10.2.3).
    private static func wait(_ text: String, date: String?) -> Duration? {
        if let seconds = Int64(text) { return .seconds(min(max(seconds, 0), 3_600)) }
        guard let date else { return nil }
        let (end, begin) = (curl_getdate(text, nil), curl_getdate(date, nil))
        return end < 0 || begin < 0 ? nil : .seconds(min(max(end - begin, 0), 3_600))
    }

    private static func word(_ text: String) -> String {
        String(
            text.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_") }
        )
    }

    /// One bounded line. A service may repeat the key id it does not know; that much of a message is left out.
    private static func line(_ text: String) -> String {
        String(text.prefix(200).map { $0.isASCII && !$0.isNewline && $0 >= " " ? $0 : " " })
    }
}

extension S3Failure {
    /// The failure in the words of a store, with what to do about it where that is known.
    func storeError(in place: S3Place, _ attempt: String) -> StoreError {
        let said = [status > 0 ? "\(status)" : "", code, reason].filter { !$0.isEmpty }.joined(separator: " ")
        let advice = Self.advice[code].map { "; \($0)" } ?? ""
        return StoreError(
            Self.noRoom.contains(code) ? .capacityExceeded : .storeUnavailable,
            "store \(place.name): \(attempt) at \(place): \(said)\(advice)", isTransient: outlook != .never
        )
    }

    private static let noRoom: Set<String> = [
        "QuotaExceeded", "EntityTooLarge", "InsufficientStorage", "XMinioStorageFull",
    ]

    private static let advice = [
        "RequestTimeTooSkewed": "this machine's clock is more than 15 minutes from the service's: set it by NTP",
        "NoSuchBucket": "make the bucket, or mend the store's url",
        "AccessDenied": "the keys may not do this: they need to list, get, put and delete objects and to abort uploads",
        "InvalidAccessKeyId": "the service does not know the access key: look at the credential, and at the endpoint",
        "SignatureDoesNotMatch": "the secret key is wrong, or something on the way changes requests",
        "AuthorizationHeaderMalformed": "set region in the store's url to that of the bucket",
        "PermanentRedirect": "set region, or endpoint, in the store's url to those of the bucket",
        "TemporaryRedirect": "set region, or endpoint, in the store's url to those of the bucket",
        "InvalidToken": "the session token is wrong",
        "ExpiredToken": "the session token has expired",
        "QuotaExceeded": "the account's quota is used up",
    ]
}

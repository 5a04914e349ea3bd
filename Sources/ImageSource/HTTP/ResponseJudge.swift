import ImageModel

/// A response whose body is wanted.
struct Opening: Sendable {
    /// What its headers said.
    var facts: SourceFacts
    /// The place of its first byte in the object.
    var offset: Int64
    /// Bytes of body to come, when it was told.
    var bodyLength: Int64?
}

/// What a response's head means.
enum ResponseVerdict: Sendable {
    /// The body is the object, or the asked-for rest of it.
    case body(Opening)
    /// The object is elsewhere.
    case redirect(location: String)
    /// There is nothing to be had.
    case failure(SourceError)
}

/// Decides what a response's head means for a request. Pure.
struct ResponseJudge: Sendable {
    /// The URL asked for, without query.
    let url: String
    /// The URL of this hop, without query, for messages.
    let hop: String
    /// The largest object accepted.
    let sizeLimit: Int64
    /// The range asked for; nil when the whole object was.
    let resume: ResumePoint?

    /// The meaning of `head`, at `now` on the wall clock.
    func judge(_ head: ResponseHead, now: Timestamp) -> ResponseVerdict {
        do throws(SourceError) {
            switch head.status {
            case 200: return .body(try whole(head))
            case 206: return .body(try rest(head))
            case 416: return .body(try emptyRest(head))
            case 301, 302, 303, 307, 308:
                guard let location = head["location"], !location.isEmpty else {
                    throw SourceError(.sourceRedirect, "\(hop) answered \(head.status) without a Location")
                }
                return .redirect(location: location)
            default: throw refusal(head, now: now)
            }
        } catch {
            return .failure(error)
        }
    }

    private func whole(_ head: ResponseHead) throws(SourceError) -> Opening {
        try opening(head, offset: 0, bodyLength: try contentLength(head), size: try contentLength(head))
    }

    private func rest(_ head: ResponseHead) throws(SourceError) -> Opening {
        guard let resume, let range = head["content-range"].flatMap(ContentRange.init), range.start == resume.offset
        else {
            throw SourceError(
                .sourceUnavailable, "\(hop) answered 206 with a range that was not asked for",
                isTransient: resume != nil)
        }
        if let etag = head["etag"], let validator = resume.validator, validator.hasPrefix("\""), etag != validator {
            throw changed("now has another entity tag")
        }
        let length = try contentLength(head)
        let left = range.total.map { $0 - resume.offset }
        if let length, let left, length != left {
            throw SourceError(
                .sourceUnavailable, "\(hop) sends \(length) of the \(left) bytes that are left", isTransient: true)
        }
        return try opening(head, offset: resume.offset, bodyLength: length ?? left, size: range.total)
    }

    /// 416 says that the object ends at or before the offset: exactly at it when all bytes are there already.
    private func emptyRest(_ head: ResponseHead) throws(SourceError) -> Opening {
        guard let resume, let total = head["content-range"].flatMap(ContentRange.init)?.total, total == resume.offset
        else { throw changed("has no byte \(resume?.offset ?? 0) any more") }
        return try opening(head, offset: total, bodyLength: nil, size: total)
    }

    private func opening(
        _ head: ResponseHead, offset: Int64, bodyLength: Int64?, size: Int64?
    ) throws(SourceError) -> Opening {
        if let coding = head["content-encoding"]?.lowercased(), !Self.acceptedCodings.contains(coding) {
            let shown = String(
                coding.unicodeScalars.prefix(40).map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" })
            throw SourceError(.sourceUnavailable, "\(hop) sends the content coding \(shown) unasked")
        }
        let end = size ?? bodyLength.map { offset.addingReportingOverflow($0).partialValue }
        if let end, end > sizeLimit || end < 0 {
            throw SourceError(.sizeLimit, "\(hop) is \(end) bytes long, the limit is \(sizeLimit)")
        }
        let facts = SourceFacts(
            url: url, size: size, etag: head["etag"].flatMap(Self.bounded),
            lastModified: head["last-modified"].flatMap(Self.bounded), hasSettledDate: Self.hasSettledDate(head))
        return Opening(facts: facts, offset: offset, bodyLength: bodyLength)
    }

    /// Whether the object had its date for a second or longer when this answer was made; nil for no. Both are told by the source's
    /// clock.
    private static func hasSettledDate(_ head: ResponseHead) -> Bool? {
        guard let modified = head["last-modified"].flatMap(HTTPDate.seconds),
            let answered = head["date"].flatMap(HTTPDate.seconds)
        else { return nil }
        return answered > modified ? true : nil
    }

    /// The codings in which a body is taken, as it is served. None is asked for; but objects are kept under the label
    /// `gzip` or `zstd`, these formats tell themselves apart, and unpacking is the business of the next room. A coding
    /// without a signature would pass for a raw disk.
    private static let acceptedCodings: Set<String> = ["", "identity", "gzip", "x-gzip", "zstd"]

    /// The length of the body; nil when it is chunked or ends with the connection (RFC 9112, section 6.3).
    private func contentLength(_ head: ResponseHead) throws(SourceError) -> Int64? {
        guard head["transfer-encoding"] == nil else { return nil }
        let lists = head.values("content-length").map { $0.split(separator: ",") }
        let values = Set(lists.joined().map { $0.filter { $0 != " " } })
        guard let value = values.first else { return nil }
        guard values.count == 1, let length = Int64(decimal: value) else {
            throw SourceError(.sourceUnavailable, "\(hop) sends no usable Content-Length", isTransient: true)
        }
        return length
    }

    private func refusal(_ head: ResponseHead, now: Timestamp) -> SourceError {
        let sentence = "\(hop) answered \(head.status)"
        switch head.status {
        case 404, 410: return SourceError(.sourceNotFound, sentence)
        case 401, 403: return SourceError(.sourceUnauthorized, sentence)
        case 408, 429, 500...599:
            let wait = RetryAfter.duration(head, now: now)
            return SourceError(.sourceUnavailable, sentence, isTransient: true, retryAfter: wait)
        case 300..<400: return SourceError(.sourceRedirect, sentence)
        default: return SourceError(.sourceUnavailable, sentence)
        }
    }

    private func changed(_ what: String) -> SourceError {
        SourceError(
            .sourceChanged, "\(hop) \(what): it is not the object whose first bytes were read", isTransient: true)
    }

    private static func bounded(_ value: String) -> String? {
        value.utf8.count <= 1_024 ? value : nil
    }
}

public import ImageModel

/// Where the bytes of an image come from.
///
/// A source never chooses what happens next: it opens what it is told to open and hands out bytes in order.
public protocol ImageSource: Sendable {
    /// Opens a URL, following redirects, and lends the opened source to `body`.
    ///
    /// The connection is closed when `body` returns or throws, and when the task is cancelled.
    ///
    /// - Throws: ``SourceError`` for everything about the source; whatever `body` throws.
    func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result
}

/// A source whose headers have arrived.
public protocol OpenedSource: Sendable {
    /// What the headers said.
    var facts: SourceFacts { get }

    /// The first byte that will be handed out: the requested offset, or 0 when the server did not honour it.
    var offset: Int64 { get }

    /// When the fetch as a whole is over, on the source's own clock; nil when it may take for ever.
    ///
    /// A ``ResumePoint`` takes it along, so that a fetch over many connections has no more time than one over one.
    var deadline: Duration? { get }

    /// The next bytes in order; nil after the last one. Every chunk but the last is full.
    ///
    /// Only one call at a time. Memory is bounded: while all chunks are held by the caller, the transfer is paused.
    ///
    /// - Throws: ``SourceError``, once every full chunk that came before the failure was taken; what came after the last
    ///   full one is dropped, so that a resumed fetch begins where whole chunks ended. `CancellationError`.
    func nextChunk() async throws -> ImageChunk?
}

extension OpenedSource {
    /// None, unless the source knows better.
    public var deadline: Duration? { nil }
}

/// What to fetch.
public struct FetchRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// An absolute URL without query and without userinfo.
    public var url: String
    /// The query without `?`; a secret: it goes to the wire only.
    public var query: String?
    /// The largest body accepted, in bytes.
    public var sizeLimit: Int64
    /// Where to go on, for a resumed fetch.
    public var resume: ResumePoint?
    /// What proves to the source who asks.
    public var credential: FetchCredential?

    /// A request from its parts.
    public init(
        url: String, query: String? = nil, sizeLimit: Int64, resume: ResumePoint? = nil,
        credential: FetchCredential? = nil
    ) {
        self.url = url
        self.query = query
        self.sizeLimit = sizeLimit
        self.resume = resume
        self.credential = credential
    }

    /// The URL; the query stays hidden.
    public var description: String { url }

    /// The same, so that reflection shows no query either.
    public var debugDescription: String { url }
}

/// Where a fetch that was interrupted goes on, provided the object is still the same.
public struct ResumePoint: Sendable, Hashable {
    /// Bytes that are already durable.
    public var offset: Int64
    /// A strong ETag or a Last-Modified date, for `If-Range` (RFC 9110, section 13.1.5).
    public var validator: String?
    /// Whether to go on although no validator proves that the object is still the same: for callers that know the
    /// digest of the whole.
    public var isUnproven: Bool
    /// ``OpenedSource/deadline`` of the fetch that is gone on with, when it is the same one; nil gives the whole time.
    public var deadline: Duration?

    /// A point from its parts. At offset 0 the whole object is asked for.
    public init(offset: Int64, validator: String?, isUnproven: Bool = false, deadline: Duration? = nil) {
        self.offset = offset
        self.validator = validator
        self.isUnproven = isUnproven
        self.deadline = deadline
    }
}

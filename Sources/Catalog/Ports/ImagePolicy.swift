public import ImageModel

/// What is asked of jobs beyond the catalog's own rules: the rules of vendors' profiles.
///
/// Asked inside transactions, which may run more than once, so every answer is a pure function of the question.
public protocol ImagePolicy: Sendable {
    /// Why an import cannot be done, with every violation at once; nil when it can.
    func refusal(of request: ImportRequest, making details: ImageDetails) -> Failure?

    /// The URL that the source of an import means.
    func sourceURL(of request: ImportRequest, making details: ImageDetails) -> String

    /// Why the bytes of an import cannot become its image; nil when they can.
    func refusal(of content: ImageContent, from request: ImportRequest, making details: ImageDetails) -> Failure?

    /// The format that is declared of an image when only its vendor knows how it is laid out.
    func opaqueFormat(of details: ImageDetails) -> String?

    /// Why an update cannot leave `image` with `details`; nil when it can.
    func refusal(of request: UpdateRequest, of image: Image, leaving details: ImageDetails) -> Failure?

    /// Why this copy, share, update or delete cannot be done on `image` now; nil when it can.
    func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure?

    /// Whether an offer of `image` is accepted at once, without the member.
    func acceptsOffersAtOnce(of image: Image) -> Bool

    /// What is said of a copy of an image that becomes an image of its own.
    func details(ofCopy details: ImageDetails) -> ImageDetails

    /// How long `image` can be restored once it was deleted; zero when its bytes go at once.
    func retention(of image: Image) -> Duration
}

extension ImagePolicy {
    /// Nothing is asked.
    public func refusal(of request: ImportRequest, making details: ImageDetails) -> Failure? { nil }

    /// The source's own.
    public func sourceURL(of request: ImportRequest, making details: ImageDetails) -> String { request.source.url }

    /// Nothing is asked.
    public func refusal(
        of content: ImageContent, from request: ImportRequest, making details: ImageDetails
    ) -> Failure? { nil }

    /// There is none.
    public func opaqueFormat(of details: ImageDetails) -> String? { nil }

    /// Nothing is asked.
    public func refusal(of request: UpdateRequest, of image: Image, leaving details: ImageDetails) -> Failure? { nil }

    /// Nothing is asked.
    public func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? { nil }

    /// Members answer offers themselves.
    public func acceptsOffersAtOnce(of image: Image) -> Bool { false }

    /// A copy says the same.
    public func details(ofCopy details: ImageDetails) -> ImageDetails { details }

    /// What is deleted is gone.
    public func retention(of image: Image) -> Duration { .zero }
}

/// A policy that asks for nothing.
public struct OpenPolicy: ImagePolicy {
    /// Asks for nothing.
    public init() {}
}

import ImageModel

/// Fetches over `http` and `https`, and objects of `s3`, with libcurl; one thread serves all transfers.
///
/// The body comes as it is served: no content coding is asked for and none is undone. A response in a coding that
/// carries no signature of its own (`br`, `deflate`) is refused; `gzip` and `zstd` go through as they are, for the
/// unpacker to recognise.
///
/// Redirects are followed by hand, each judged like a first URL, and never from https to http. The name of each hop is
/// resolved once, all its addresses are judged (``AddressPolicy``), the connection is pinned to them, and what a socket
/// is about to connect to is judged once more.
///
/// An `s3://bucket/key` is fetched from the service that its credential names, with a signed request; that service's address
/// is judged as any other, and where it redirects to is not followed.
///
/// A resumed fetch asks for a range only when its point carries a strong validator or is unproven; otherwise, and when the server does
/// not honour it, the bytes start at 0 and ``OpenedSource/offset`` says so.
///
/// The thread ends when the last reference is gone; releasing it waits for the thread.
public final class HTTPImageSource: ImageSource {
    private let policy: FetchPolicy
    private let network: CurlNetwork
    private let addressGuard: AddressGuard
    private let diversion: Diversion?

    /// A source that obeys `policy`.
    ///
    /// - Throws: ``SourceError`` with `internal` when the system gives no thread.
    public convenience init(policy: FetchPolicy) throws(SourceError) {
        try self.init(policy: policy, resolver: SystemResolver(), diversion: nil)
    }

    /// A source that asks `resolver` for addresses, and whose connections go where `diversion` leads them.
    init(policy: FetchPolicy, resolver: any AddressResolver, diversion: Diversion?) throws(SourceError) {
        self.policy = policy
        addressGuard = AddressGuard(policy, resolver: resolver)
        self.diversion = diversion
        network = try CurlNetwork()
    }

    /// See ``ImageSource/withSource(_:_:)``.
    public func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result {
        let deadline = request.resume?.deadline ?? CurlNetwork.now() + policy.timeouts.total
        let object = try object(request)
        var target = try object?.target ?? FetchTarget(url: request.url, query: request.query)
        let asked = object == nil ? target.description : request.url
        for _ in 0...max(0, policy.redirects) {
            try Task.checkCancellation()
            let hop = try await hop(to: target, signing: object, of: asked, before: deadline)
            let step = try await network.withTransfer({ id in order(id, hop, request) }) { mailbox -> Step<Result> in
                switch try await mailbox.answer() {
                case .redirect(let location):
                    guard object == nil else {
                        throw SourceError(
                            .sourceRedirect,
                            "\(target) redirects; the credential's endpoint or region is another bucket's")
                    }
                    return .elsewhere(try target.redirected(to: location))
                case .body(let opening):
                    return .done(try await body(HTTPOpenedSource(opening, deadline: deadline, mailbox)))
                }
            }
            switch step {
            case .done(let result): return result
            case .elsewhere(let next): target = next
            }
        }
        throw SourceError(.sourceRedirect, "\(asked) redirects more than \(policy.redirects) times")
    }

    private enum Step<Result: Sendable>: Sendable {
        case done(Result)
        case elsewhere(FetchTarget)
    }

    /// One request of a fetch, admitted by the guard.
    private struct Hop {
        let target: FetchTarget
        /// What a signature is to be made for; nil when there is none.
        let object: S3ObjectRequest?
        /// The URL asked for, without query.
        let asked: String
        let addresses: [IPAddress]
        let connectTimeout: Duration
        let deadline: Duration
    }

    /// The request for an object of `s3`; nil for any other URL.
    private func object(_ request: FetchRequest) throws(SourceError) -> S3ObjectRequest? {
        guard let location = try S3Location(request.url) else { return nil }
        guard let access = request.credential?.access(to: location) else {
            throw SourceError(
                .sourceDenied, "\(request.url): an s3 URL needs a credential of type s3 whose urls cover it")
        }
        return try access.request(for: location, query: request.query)
    }

    private func hop(
        to target: FetchTarget, signing object: S3ObjectRequest?, of asked: String, before deadline: Duration
    ) async throws -> Hop {
        let begun = CurlNetwork.now()
        let addresses = try await addressGuard.admit(target, as: object == nil ? nil : "s3")
        return Hop(
            target: target, object: object, asked: asked, addresses: addresses,
            connectTimeout: policy.timeouts.connect - (CurlNetwork.now() - begun), deadline: deadline)
    }

    private func order(_ id: UInt64, _ hop: Hop, _ request: FetchRequest) -> TransferOrder {
        var fields = ["Accept-Encoding: identity"]
        var resume: ResumePoint?
        if let point = request.resume, point.offset > 0, point.strongValidator != nil || point.isUnproven {
            fields.append("Range: bytes=\(point.offset)-")
            if let validator = point.strongValidator { fields.append("If-Range: \(validator)") }
            resume = point
        }
        if let line = request.credential?.line(for: hop.target) { fields.append(line) }
        if let object = hop.object { fields += object.lines(at: CurlNetwork.wallClock()) }
        let judge = ResponseJudge(
            url: hop.asked, hop: hop.target.description, sizeLimit: request.sizeLimit, resume: resume)
        return TransferOrder(
            id: id, target: hop.target, fields: fields, judge: judge, policy: policy, addresses: hop.addresses,
            connectTimeout: hop.connectTimeout, diversion: diversion, deadline: hop.deadline)
    }
}

/// A response whose head has arrived.
struct HTTPOpenedSource: OpenedSource {
    let facts: SourceFacts
    let offset: Int64
    let deadline: Duration?
    private let mailbox: TransferMailbox

    init(_ opening: Opening, deadline: Duration, _ mailbox: TransferMailbox) {
        facts = opening.facts
        self.deadline = deadline
        offset = opening.offset
        self.mailbox = mailbox
    }

    func nextChunk() async throws -> ImageChunk? {
        try await mailbox.nextChunk()
    }
}

import ImageModel

/// Fetches over `http` and `https` with libcurl; one thread serves all transfers.
///
/// The body comes as it is served: no content coding is asked for and none is undone. A response in a coding that
/// carries no signature of its own (`br`, `deflate`) is refused; `gzip` and `zstd` go through as they are, for the
/// unpacker to recognise.
///
/// Redirects are followed by hand, each judged like a first URL, and never from https to http. Every address is judged
/// when a socket is about to connect to it (``AddressPolicy``).
///
/// A resumed fetch asks for a range only when its point carries a strong validator or is unproven; otherwise, and when the server does
/// not honour it, the bytes start at 0 and ``OpenedSource/offset`` says so.
///
/// The thread ends when the last reference is gone; releasing it waits for the thread.
public final class HTTPImageSource: ImageSource {
    private let policy: FetchPolicy
    private let network: CurlNetwork

    /// A source that obeys `policy`.
    ///
    /// - Throws: ``SourceError`` with `internal` when the system gives no thread.
    public init(policy: FetchPolicy) throws(SourceError) {
        self.policy = policy
        network = try CurlNetwork()
    }

    /// See ``ImageSource/withSource(_:_:)``.
    public func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result {
        let deadline = CurlNetwork.now() + policy.timeouts.total
        var target = try FetchTarget(url: request.url, query: request.query)
        let asked = target
        for _ in 0...max(0, policy.redirects) {
            try Task.checkCancellation()
            try judge(target)
            let step = try await network.withTransfer({ id in
                order(id, target: target, asked: asked, request: request, deadline: deadline)
            }) { mailbox -> Step<Result> in
                switch try await mailbox.answer() {
                case .redirect(let location): return .elsewhere(try target.redirected(to: location))
                case .body(let opening):
                    return .done(try await body(HTTPOpenedSource(opening: opening, mailbox: mailbox)))
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

    /// Throws when what the URL says is against the policy.
    private func judge(_ target: FetchTarget) throws(SourceError) {
        let addresses = AddressPolicy(policy)
        let refusal =
            addresses.refusal(scheme: target.scheme, host: target.host, port: target.port)
            ?? (policy.proxy == nil ? nil : addresses.judgeBehindProxy(host: target.host, port: target.port))
        if let refusal { throw SourceError(.sourceDenied, "\(target): \(refusal)") }
    }

    private func order(
        _ id: UInt64, target: FetchTarget, asked: FetchTarget, request: FetchRequest, deadline: Duration
    ) -> TransferOrder {
        var fields = ["Accept-Encoding: identity"]
        var resume: ResumePoint?
        if let point = request.resume, point.offset > 0, point.strongValidator != nil || point.isUnproven {
            fields.append("Range: bytes=\(point.offset)-")
            if let validator = point.strongValidator { fields.append("If-Range: \(validator)") }
            resume = point
        }
        if let line = request.credential?.line(for: target) { fields.append(line) }
        let judge = ResponseJudge(
            url: asked.description, hop: target.description, sizeLimit: request.sizeLimit, resume: resume)
        return TransferOrder(
            id: id, target: target, fields: fields, judge: judge, policy: policy, deadline: deadline)
    }
}

/// A response whose head has arrived.
struct HTTPOpenedSource: OpenedSource {
    let facts: SourceFacts
    let offset: Int64
    private let mailbox: TransferMailbox

    init(opening: Opening, mailbox: TransferMailbox) {
        facts = opening.facts
        offset = opening.offset
        self.mailbox = mailbox
    }

    func nextChunk() async throws -> ImageChunk? {
        try await mailbox.nextChunk()
    }
}

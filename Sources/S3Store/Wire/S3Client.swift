import ImageModel
import S3Signing
import Synchronization

/// Sends requests to one bucket: addressed, signed, and again when that may help.
final class S3Client: Sendable {
    let place: S3Place
    let keys: S3Keys
    private let isUnableToCopy = Atomic(false)
    private let signature: S3Signature
    private let network: CallNetwork

    /// The longest wait that a service can ask for before the next try.
    private static let longestWait: Duration = .seconds(20)

    init(place: S3Place, keys: S3Keys, manners: CallManners) throws(S3Failure) {
        self.place = place
        self.keys = keys
        signature = S3Signature(keys: keys, service: place.service)
        do throws(CallFailure) {
            network = try CallNetwork(manners)
        } catch {
            throw S3Failure(error)
        }
    }

    /// Sends a request until it succeeds, fails for good, or was tried often enough.
    ///
    /// A cancelled task tries once.
    ///
    /// - Returns: An answer with a status from 200 to 299, whose body is no error.
    func send(_ request: S3Request) async throws(S3Failure) -> CallAnswer {
        var tries = 0
        while true {
            tries += 1
            let failure: S3Failure
            switch await network.answer(to: call(request)) {
            case .success(let answer):
                // Some requests are answered before their outcome is known, so that even a 200 may be an error.
                guard !(200..<300).contains(answer.status) || answer.isError else { return answer }
                failure = S3Failure(answer)
            case .failure(let error):
                failure = S3Failure(error)
                if error.isGivenUp { throw failure }
            }
            guard failure.outlook == .again, tries < request.tries, !Task.isCancelled else { throw failure }
            try? await Task.sleep(for: Self.wait(after: tries, failure))
        }
    }

    /// Whether the service has not refused to copy parts yet.
    var copiesParts: Bool { !isUnableToCopy.load(ordering: .relaxed) }

    /// The service refused to copy parts.
    func noteUnableToCopy() { isUnableToCopy.store(true, ordering: .relaxed) }

    /// A number for requests that are given up together.
    func makeGroup() -> UInt64 { network.makeGroup() }

    /// Gives up all requests of a group.
    func giveUp(_ group: UInt64) { network.giveUp(group) }

    private func call(_ request: S3Request) -> Call {
        let address = place.service.address(bucket: place.bucket, key: request.key)
        // Signed anew for each try: a signature holds for 15 minutes, and waits add up.
        let signed = signature.fields(
            request.method, address, query: request.query, fields: request.fields, payloadHash: request.payloadHash,
            at: CallNetwork.wallClock())
        let needsBody = request.method == "PUT" || request.method == "POST"
        return Call(
            method: request.method, url: address.url(query: SigV4Signer.canonicalQuery(request.query)),
            fields: (request.fields + signed).map { "\($0.name): \($0.value)" },
            body: request.body ?? (needsBody ? CallBody([]) : nil), answerLimit: request.answerLimit,
            patience: request.patience, group: request.group)
    }

    /// Doubles from a fifth of a second, a random half of it less, or what the service asked for.
    private static func wait(after tries: Int, _ failure: S3Failure) -> Duration {
        if let asked = failure.retryAfter { return min(asked, longestWait) }
        let most = 0.2 * Double(1 << min(tries, 6))
        return .seconds(Double.random(in: most / 2...most))
    }
}

extension CallAnswer {
    fileprivate var isError: Bool {
        guard status == 200, fields["content-type"]?.contains("xml") ?? true, body.count <= 64 << 10,
            body.first == UInt8(ascii: "<") || body.first.map({ $0 <= 0x20 }) ?? false
        else { return false }
        return XMLElement(parsing: body)?.name == "Error"
    }
}

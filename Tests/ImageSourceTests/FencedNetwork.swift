import ImageModel
import Synchronization
import TestSupport

@testable import ImageSource

/// A network in which nothing can leave this machine, however broken the guard is: names are answered from a script, and
/// every connection that the guard lets through is counted and led to an ``Origin`` on loopback.
final class FencedNetwork: Sendable {
    /// Stands for the whole Internet, and for everything private too.
    let origin: Origin
    private let state = Mutex(State())

    private struct State {
        var answers: [String: [[IPAddress]]] = [:]
        var questions: [String] = []
        var connections: [SocketAddress] = []
    }

    init() throws {
        origin = try Origin()
        // What a name is not scripted for would otherwise be refused for the wrong reason.
        answer("good.example", ["93.184.216.34"])
        origin.serve("/image", .pattern(size: 10))
    }

    /// Scripts the answers of the name server: one after another, the last one repeats.
    func answer(_ host: String, _ answers: [String]...) {
        state.withLock { $0.answers[host] = answers.map { $0.compactMap { IPAddress($0) } } }
    }

    /// Where the guard let connections go to.
    var connections: [SocketAddress] { state.withLock { $0.connections } }

    /// Names that were asked for.
    var questions: [String] { state.withLock { $0.questions } }

    /// A source with the policy of the defaults, or another one; it knows no rule that would let it reach loopback.
    func source(change: (inout FetchPolicy) -> Void = { _ in }) throws -> HTTPImageSource {
        var policy = FetchPolicy()
        policy.timeouts.header = .seconds(120)
        policy.timeouts.total = .seconds(300)
        change(&policy)
        let port = origin.port
        return try HTTPImageSource(policy: policy, resolver: Names(network: self)) { [self] place in
            state.withLock { $0.connections.append(place) }
            return SocketAddress(address: IPAddress(bytes: [127, 0, 0, 1]) ?? place.address, port: port)
        }
    }

    private struct Names: AddressResolver {
        let network: FencedNetwork

        func addresses(of host: String) async throws -> [IPAddress] {
            let answer = network.state.withLock { state -> [IPAddress]? in
                state.questions.append(host)
                guard let answers = state.answers[host], let first = answers.first else { return nil }
                if answers.count > 1 { state.answers[host] = Array(answers.dropFirst()) }
                return first
            }
            guard let answer else {
                throw SourceError(.sourceUnavailable, "the name cannot be resolved: unscripted", isTransient: true)
            }
            return answer
        }
    }
}

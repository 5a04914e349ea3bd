import CCurl
import Glibc
import ImageModel
import Synchronization

/// Asks the system's resolver (getaddrinfo(3)), on a thread for each question.
///
/// The C library cannot be stopped while it waits for a name server. A question that nobody waits for any more keeps its
/// thread until the library gives up by itself; so the number of questions is bounded.
struct SystemResolver: AddressResolver {
    /// Questions at once, those that nobody waits for included.
    private static let limit = 64
    private static let asked = Atomic(0)

    func addresses(of host: String) async throws -> [IPAddress] {
        try Task.checkCancellation()
        let question = Question(host: host)
        try question.ask()
        return try await withTaskCancellationHandler {
            try await question.answer()
        } onCancel: {
            question.settle(.failure(CancellationError()))
        }
    }

    /// One question, shared by who asks and the thread that waits for the library.
    private final class Question: Sendable {
        private enum State {
            case open
            case awaited(CheckedContinuation<[IPAddress], any Error>)
            case settled(Result<[IPAddress], any Error>)
        }

        private let host: String
        private let state = Mutex(State.open)

        init(host: String) {
            self.host = host
        }

        func ask() throws(SourceError) {
            guard SystemResolver.asked.wrappingAdd(1, ordering: .relaxed).newValue <= SystemResolver.limit else {
                SystemResolver.asked.wrappingSubtract(1, ordering: .relaxed)
                throw SourceError(.sourceUnavailable, "too many names wait for the name server", isTransient: true)
            }
            let hasThread = DetachedThread.start {
                self.settle(self.lookUp())
                SystemResolver.asked.wrappingSubtract(1, ordering: .relaxed)
            }
            guard hasThread else {
                SystemResolver.asked.wrappingSubtract(1, ordering: .relaxed)
                throw SourceError(.internal, "there is no thread for the name server", isTransient: true)
            }
        }

        func answer() async throws -> [IPAddress] {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<[IPAddress], any Error>? = state.withLock { state in
                    if case .settled(let result) = state { return result }
                    state = .awaited(continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        }

        /// The first answer stands.
        func settle(_ result: Result<[IPAddress], any Error>) {
            let waiting: CheckedContinuation<[IPAddress], any Error>? = state.withLock { state in
                switch state {
                case .settled: return nil
                case .open:
                    state = .settled(result)
                    return nil
                case .awaited(let continuation):
                    state = .settled(result)
                    return continuation
                }
            }
            waiting?.resume(with: result)
        }

        private func lookUp() -> Result<[IPAddress], any Error> {
            // Every address counts, those of a family this machine does not speak too: no AI_ADDRCONFIG.
            var hints = addrinfo()
            hints.ai_family = AF_UNSPEC
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let code = getaddrinfo(host, nil, &hints, &list)
            defer { if let list { freeaddrinfo(list) } }
            var addresses: [IPAddress] = []
            var next = code == 0 ? list : nil
            while let entry = next {
                if let raw = entry.pointee.ai_addr, let address = IPAddress(socketAddress: raw),
                    !addresses.contains(address)
                {
                    addresses.append(address)
                }
                next = entry.pointee.ai_next
            }
            guard addresses.isEmpty else { return .success(addresses) }
            let reason = code == 0 ? "it has no address" : String(cString: gai_strerror(code))
            return .failure(
                SourceError(.sourceUnavailable, "the name cannot be resolved: \(reason)", isTransient: true))
        }
    }
}

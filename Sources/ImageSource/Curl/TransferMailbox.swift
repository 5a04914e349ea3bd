import ImageModel
import Synchronization

/// Where the network thread leaves what a transfer brought, and the consumer picks it up.
///
/// One consumer, one network thread. The number of chunks is bounded by the transfer's pool.
final class TransferMailbox: Sendable {
    /// How a transfer answered.
    enum Answer: Sendable {
        case body(Opening)
        case redirect(location: String)
    }

    private struct State {
        var answer: Answer?
        var chunks: [ImageChunk] = []
        var end: Result<Void, any Error>?
        var isGone = false
        var consumer: CheckedContinuation<Void, Never>?
        var closer: CheckedContinuation<Void, Never>?

        func has(_ want: Want) -> Bool {
            switch want {
            case .answer: answer != nil || end != nil
            case .chunk: !chunks.isEmpty || end != nil
            }
        }
    }

    private enum Want {
        case answer
        case chunk
    }

    private let state = Mutex(State())

    // MARK: The network thread's side

    /// The headers are complete.
    func put(_ answer: Answer) {
        change { $0.answer = answer }
    }

    /// More bytes.
    func put(_ chunk: ImageChunk) {
        change { $0.chunks.append(chunk) }
    }

    /// Nothing more comes. The first end stands.
    func end(_ result: Result<Void, SourceError>) {
        change { $0.end = $0.end ?? result.mapError { $0 } }
    }

    /// The network thread has forgotten the transfer.
    func markGone() {
        let (closer, chunks) = state.withLock { state in
            let taken = (state.closer, state.chunks)
            state.isGone = true
            state.closer = nil
            state.chunks = []
            // Transfers are closed early for a cancelled task; it must never take the loss of chunks for the end.
            if state.end == nil || !taken.1.isEmpty { state.end = .failure(CancellationError()) }
            return taken
        }
        // Chunks go back to their pool here, outside of the lock, because that calls out.
        withExtendedLifetime(chunks) {}
        wakeConsumer()
        closer?.resume()
    }

    // MARK: The consumer's side

    /// How the transfer answered.
    ///
    /// - Throws: ``SourceError``; `CancellationError` as soon as the task is cancelled.
    func answer() async throws -> Answer {
        while true {
            let (answer, end) = state.withLock { ($0.answer, $0.end) }
            if let answer { return answer }
            if let end {
                try end.get()
                throw SourceError(.sourceUnavailable, "the source closed the connection at once", isTransient: true)
            }
            try await news(of: .answer)
        }
    }

    /// The next chunk in order; nil at the end.
    ///
    /// - Throws: ``SourceError`` once all chunks before the failure are taken; `CancellationError` as soon as the task is
    ///   cancelled.
    func nextChunk() async throws -> ImageChunk? {
        while true {
            try Task.checkCancellation()
            let (chunk, end) = state.withLock { state in
                (state.chunks.isEmpty ? nil : state.chunks.removeFirst(), state.end)
            }
            if let chunk { return chunk }
            if let end {
                try end.get()
                return nil
            }
            try await news(of: .chunk)
        }
    }

    /// Returns when the network thread has forgotten the transfer; not cancellable.
    func gone() async {
        await withCheckedContinuation { continuation in
            let isGone = state.withLock { state in
                if !state.isGone { state.closer = continuation }
                return state.isGone
            }
            if isGone { continuation.resume() }
        }
    }

    private func news(of want: Want) async throws(CancellationError) {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    precondition(state.consumer == nil, "two calls wait for the same source at once")
                    // The task's flag is set before its cancellation handler runs, so a cancellation is seen either
                    // here or by the handler, which finds the continuation in its place.
                    let isReady = state.has(want) || Task.isCancelled
                    if !isReady { state.consumer = continuation }
                    return isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            wakeConsumer()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    private func wakeConsumer() {
        change { _ in }
    }

    /// Changes the state and lets the consumer look again.
    private func change(_ body: (inout State) -> Void) {
        let consumer = state.withLock { state in
            body(&state)
            let consumer = state.consumer
            state.consumer = nil
            return consumer
        }
        consumer?.resume()
    }
}

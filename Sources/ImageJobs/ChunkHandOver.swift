import ImageModel
import Synchronization

/// Passes chunks from the task that fetches them to the one that uses them, one chunk at a time.
///
/// While a chunk waits to be taken, the fetching task waits with the next one in hand, and with it the source: memory
/// stays bounded.
final class ChunkHandOver: Sendable {
    /// What the first answer of a source said.
    struct Opening: Sendable {
        let facts: SourceFacts
        let offset: Int64
    }

    private enum Side {
        case giver
        case taker
    }

    private struct State {
        var opening: Opening?
        var isWanted = false
        var chunk: ImageChunk?
        var end: Result<Void, any Error>?
        var giver: CheckedContinuation<Void, Never>?
        var taker: CheckedContinuation<Void, Never>?

        /// Whether a side finds what it waits for.
        func isReady(for side: Side, isOpen: Bool) -> Bool {
            switch side {
            case .giver: chunk == nil && isWanted
            case .taker: end != nil || (isOpen ? chunk != nil : opening != nil)
            }
        }
    }

    private let state = Mutex(State())

    // MARK: The fetching side

    /// Tells what the first answer said, and waits until a chunk is wanted: nobody fetches what there is no space for.
    func open(_ opening: Opening) async throws(CancellationError) {
        change { $0.opening = opening }
        while !state.withLock({ $0.isWanted }) { try await wait(as: .giver, isOpen: true) }
    }

    /// Passes a chunk on, once the one before was taken.
    func put(_ chunk: ImageChunk) async throws(CancellationError) {
        while true {
            let isDone = change { state in
                guard state.chunk == nil else { return false }
                state.chunk = chunk
                return true
            }
            if isDone { return }
            try await wait(as: .giver, isOpen: true)
        }
    }

    /// Nothing more comes.
    func end(_ result: Result<Void, any Error>) {
        change { $0.end = result }
    }

    // MARK: The using side

    /// What the first answer said.
    ///
    /// - Throws: What ended the fetch before that; `CancellationError`.
    func opening() async throws -> Opening {
        while true {
            let (opening, end) = state.withLock { ($0.opening, $0.end) }
            if let opening { return opening }
            try end?.get()
            try await wait(as: .taker, isOpen: false)
        }
    }

    /// The next chunk; nil after the last one.
    ///
    /// - Throws: What ended the fetch, once all chunks before that were taken; `CancellationError` as soon as the task is
    ///   cancelled.
    func next() async throws -> ImageChunk? {
        while true {
            try Task.checkCancellation()
            let (chunk, end) = change { state in
                defer { (state.chunk, state.isWanted) = (nil, true) }
                return (state.chunk, state.end)
            }
            if let chunk { return chunk }
            if let end {
                try end.get()
                return nil
            }
            try await wait(as: .taker, isOpen: true)
        }
    }

    private func wait(as side: Side, isOpen: Bool) async throws(CancellationError) {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // The task's flag is set before its handler runs: a cancellation is seen here or by the handler.
                    if state.isReady(for: side, isOpen: isOpen) || Task.isCancelled { return true }
                    switch side {
                    case .giver: state.giver = continuation
                    case .taker: state.taker = continuation
                    }
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            change { _ in }
        }
        if Task.isCancelled { throw CancellationError() }
    }

    /// Changes the state and lets both sides look again.
    @discardableResult
    private func change<Value: Sendable>(_ body: (inout sending State) -> sending Value) -> Value {
        let (value, giver, taker) = state.withLock { state in
            let value = body(&state)
            defer { (state.giver, state.taker) = (nil, nil) }
            return (value, state.giver, state.taker)
        }
        giver?.resume()
        taker?.resume()
        return value
    }
}

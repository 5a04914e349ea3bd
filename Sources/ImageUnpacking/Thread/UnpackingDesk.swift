import ImageModel
import Synchronization

/// Where a task and the thread that unpacks for it meet: packed chunks over it in one direction, unpacked ones in the
/// other.
///
/// Libraries that unpack ask for bytes when they want them, and block; a task must never. So the thread blocks here, and
/// the task only looks. There is at most one packed chunk on the desk, and as many unpacked ones as the pool has.
final class UnpackingDesk: Sendable {
    /// What the task can do next.
    enum Turn: Sendable {
        /// Take this.
        case output(ImageChunk)
        /// Bring the next packed chunk.
        case inputWanted
        /// Go: all was unpacked.
        case end
    }

    private struct State {
        var input: ImageChunk?
        var isInputWanted = false
        var isInputOver = false
        var output: [ImageChunk] = []
        var facts = UnpackedFacts()
        var end: Result<Void, UnpackError>?
        var isAbandoned = false
        var task: CheckedContinuation<Void, Never>?
        var closer: CheckedContinuation<Void, Never>?

        var hasTurn: Bool { !output.isEmpty || end != nil || isInputWanted }
    }

    private let state = Mutex(State())
    private let bell = Bell()
    private let pool: ChunkPool

    init(chunkSize: Int, chunkLimit: Int) {
        pool = ChunkPool(chunkSize: chunkSize, chunkLimit: chunkLimit)
        pool.onRecycle { [bell] in bell.ring() }
    }

    /// What was found out so far.
    var facts: UnpackedFacts { state.withLock { $0.facts } }

    // MARK: The thread's side

    /// The next packed chunk; nil after the last.
    func takeInput() throws(Halt) -> ImageChunk? {
        while true {
            enum Found {
                case chunk(ImageChunk)
                case end, abandoned, nothing
            }
            let found = change { state -> Found in
                if state.isAbandoned { return .abandoned }
                if let chunk = state.input.take() { return .chunk(chunk) }
                if state.isInputOver { return .end }
                state.isInputWanted = true
                return .nothing
            }
            switch found {
            case .chunk(let chunk): return chunk
            case .end: return nil
            case .abandoned: throw .abandoned
            case .nothing: bell.wait()
            }
        }
    }

    /// Ends the thread's work when nobody waits for it any more.
    func checkWanted() throws(Halt) {
        guard !state.withLock({ $0.isAbandoned }) else { throw .abandoned }
    }

    /// An empty chunk to unpack into, once there is one.
    func makeBuilder() throws(Halt) -> ChunkBuilder {
        while true {
            try checkWanted()
            if let builder = pool.makeBuilder() { return builder }
            bell.wait()
        }
    }

    func put(_ chunk: ImageChunk) {
        change { $0.output.append(chunk) }
    }

    func tell(_ body: (inout sending UnpackedFacts) -> Void) {
        change { body(&$0.facts) }
    }

    /// The thread's last word.
    func end(_ result: Result<Void, UnpackError>) {
        let closer = change { state in
            state.end = result
            return state.closer.take()
        }
        closer?.resume()
    }

    // MARK: The task's side

    /// Waits for something to do.
    ///
    /// - Throws: ``UnpackError`` once everything unpacked before it was taken; `CancellationError`.
    func turn() async throws -> Turn {
        while true {
            try Task.checkCancellation()
            let (turn, end) = state.withLock { state -> (Turn?, Result<Void, UnpackError>?) in
                if !state.output.isEmpty { return (.output(state.output.removeFirst()), nil) }
                if let end = state.end { return (.end, end) }
                return (state.isInputWanted ? .inputWanted : nil, nil)
            }
            try end?.get()
            if let turn { return turn }
            await wait()
        }
    }

    /// Lays the next packed chunk on the desk, or says that there is none.
    func give(_ chunk: ImageChunk?) {
        state.withLock { state in
            state.isInputWanted = false
            state.input = chunk
            state.isInputOver = chunk == nil
        }
        bell.ring()
    }

    /// Tells the thread that nobody waits any more.
    func abandon() {
        let chunks = state.withLock { state in
            state.isAbandoned = true
            defer { (state.input, state.output) = (nil, []) }
            return (state.input, state.output)
        }
        // They go back to their pools here, outside of the lock, because that calls out.
        withExtendedLifetime(chunks) {}
        bell.ring()
    }

    /// Returns when the thread has nothing left to do; not cancellable.
    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.end == nil { state.closer = continuation }
                return state.end != nil
            }
            if isOver { continuation.resume() }
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // The task's flag is set before its handler runs: a cancellation is seen here or by the handler.
                    if state.hasTurn || Task.isCancelled { return true }
                    state.task = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            change { _ in }
        }
    }

    /// Changes the state and lets the task look again.
    @discardableResult
    private func change<Value: Sendable>(_ body: (inout sending State) -> sending Value) -> Value {
        let (value, task) = state.withLock { state in
            let value = body(&state)
            return (value, state.task.take())
        }
        task?.resume()
        return value
    }
}

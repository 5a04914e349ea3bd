import ImageModel
import Synchronization

/// One algorithm's way through the bytes, with a short queue of chunks before it.
///
/// One task offers chunks, another digests them. Neither needs to hear of cancellation: the digesting task always gets
/// on, so an offer waits for no more than one chunk's work, and ``close()`` ends the digesting task.
final class DigestLane: Sendable {
    /// How far the fastest lane may run ahead of the slowest, in chunks. Each one holds memory of the source's pool.
    private static let queueLimit = 2

    private enum Work {
        case chunk(ImageChunk)
        case mark(PendingMidstate)
    }

    private struct State {
        var queue: [Work] = []
        /// How many of the queue are chunks.
        var chunks = 0
        var isClosed = false
        var result: Result<Digest, InspectionError>?
        var producer: CheckedContinuation<Void, Never>?
        var consumer: CheckedContinuation<Void, Never>?
    }

    private let algorithm: DigestAlgorithm
    private let beginning: DigestMidstate?
    private let state = Mutex(State())

    /// A lane that goes on from `beginning`, if there is one.
    init(_ algorithm: DigestAlgorithm, from beginning: DigestMidstate?) {
        self.algorithm = algorithm
        self.beginning = beginning
    }

    /// Whether the lane begins with no bytes.
    var isFresh: Bool { beginning == nil }

    /// Queues a chunk, after waiting for room when there is none. Only one call at a time.
    func offer(_ chunk: ImageChunk) async throws(InspectionError) {
        while try !tryOffer(chunk) {
            await withCheckedContinuation { continuation in
                let isFull = state.withLock { state in
                    guard state.result == nil, state.chunks >= Self.queueLimit else { return false }
                    state.producer = continuation
                    return true
                }
                if !isFull { continuation.resume() }
            }
        }
    }

    /// Asks for the midstate after all that was offered; does not wait.
    func mark() -> PendingMidstate {
        let midstate = PendingMidstate()
        let (isTaken, consumer) = state.withLock { state in
            guard state.result == nil else { return (false, nil as CheckedContinuation<Void, Never>?) }
            state.queue.append(.mark(midstate))
            return (true, state.consumer.take())
        }
        if !isTaken { midstate.fulfil(nil) }
        consumer?.resume()
        return midstate
    }

    /// Says that no more chunks come.
    func close() {
        let consumer = state.withLock { state in
            state.isClosed = true
            return state.consumer.take()
        }
        consumer?.resume()
    }

    /// The digest of everything offered, after ``close()``. Only one call.
    func digest() async throws(InspectionError) -> Digest {
        while true {
            if let result = state.withLock({ $0.result }) { return try result.get() }
            await withCheckedContinuation { continuation in
                let isRunning = state.withLock { state in
                    guard state.result == nil else { return false }
                    state.producer = continuation
                    return true
                }
                if !isRunning { continuation.resume() }
            }
        }
    }

    /// Digests what is offered until the lane is closed; what comes of it is told by the other methods.
    @concurrent
    func run() async {
        let result: Result<Digest, InspectionError>
        do {
            let running = try RunningDigest(algorithm, from: beginning)
            while let work = await next() {
                switch work {
                case .chunk(let chunk): try running.update(chunk)
                case .mark(let midstate): midstate.fulfil(running.midstate)
                }
            }
            result = .success(try running.finish())
        } catch {
            result = .failure(error)
        }
        let (producer, unread) = state.withLock { state in
            defer { state.queue = [] }
            state.result = result
            return (state.producer.take(), state.queue)
        }
        for case .mark(let midstate) in unread { midstate.fulfil(nil) }
        producer?.resume()
    }

    private func tryOffer(_ chunk: ImageChunk) throws(InspectionError) -> Bool {
        // A lane that ended before it was closed has failed.
        if let result = state.withLock({ $0.result }) { _ = try result.get() }
        let (isTaken, consumer) = state.withLock { state in
            let hasRoom = state.chunks < Self.queueLimit
            if hasRoom {
                state.queue.append(.chunk(chunk))
                state.chunks += 1
            }
            return (hasRoom, hasRoom ? state.consumer.take() : nil)
        }
        consumer?.resume()
        return isTaken
    }

    private func next() async -> Work? {
        while true {
            let (work, producer, isClosed) = state.withLock { state in
                let work = state.queue.isEmpty ? nil : state.queue.removeFirst()
                if case .chunk = work { state.chunks -= 1 }
                return (work, work == nil ? nil : state.producer.take(), state.isClosed)
            }
            producer?.resume()
            if work != nil || isClosed { return work }
            await withCheckedContinuation { continuation in
                let isIdle = state.withLock { state in
                    guard state.queue.isEmpty, !state.isClosed else { return false }
                    state.consumer = continuation
                    return true
                }
                if !isIdle { continuation.resume() }
            }
        }
    }
}

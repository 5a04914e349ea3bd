import ImageModel
import Synchronization

/// One algorithm's way through the bytes, with a short queue of chunks before it.
///
/// One task offers chunks, another digests them. Neither needs to hear of cancellation: the digesting task always gets
/// on, so an offer waits for no more than one chunk's work, and ``close()`` ends the digesting task.
final class DigestLane: Sendable {
    /// How far the fastest lane may run ahead of the slowest, in chunks. Each one holds memory of the source's pool.
    private static let queueLimit = 2

    private struct State {
        var queue: [ImageChunk] = []
        var isClosed = false
        var result: Result<Digest, InspectionError>?
        var producer: CheckedContinuation<Void, Never>?
        var consumer: CheckedContinuation<Void, Never>?
    }

    private let algorithm: DigestAlgorithm
    private let state = Mutex(State())

    init(_ algorithm: DigestAlgorithm) {
        self.algorithm = algorithm
    }

    /// Queues a chunk, after waiting for room when there is none. Only one call at a time.
    func offer(_ chunk: ImageChunk) async throws(InspectionError) {
        while try !tryOffer(chunk) {
            await withCheckedContinuation { continuation in
                let isFull = state.withLock { state in
                    guard state.result == nil, state.queue.count >= Self.queueLimit else { return false }
                    state.producer = continuation
                    return true
                }
                if !isFull { continuation.resume() }
            }
        }
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
            let running = try RunningDigest(algorithm)
            while let chunk = await next() { try running.update(chunk) }
            result = .success(try running.finish())
        } catch {
            result = .failure(error)
        }
        let producer = state.withLock { state in
            state.result = result
            state.queue = []
            return state.producer.take()
        }
        producer?.resume()
    }

    private func tryOffer(_ chunk: ImageChunk) throws(InspectionError) -> Bool {
        // A lane that ended before it was closed has failed.
        if let result = state.withLock({ $0.result }) { _ = try result.get() }
        let (isTaken, consumer) = state.withLock { state in
            let hasRoom = state.queue.count < Self.queueLimit
            if hasRoom { state.queue.append(chunk) }
            return (hasRoom, hasRoom ? state.consumer.take() : nil)
        }
        consumer?.resume()
        return isTaken
    }

    private func next() async -> ImageChunk? {
        while true {
            let (chunk, producer, isClosed) = state.withLock { state in
                let chunk = state.queue.isEmpty ? nil : state.queue.removeFirst()
                return (chunk, chunk == nil ? nil : state.producer.take(), state.isClosed)
            }
            producer?.resume()
            if chunk != nil || isClosed { return chunk }
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

public import ImageModel
import Synchronization

/// A digest's midstate at a place in the stream, known once all bytes before that place were digested.
final class PendingMidstate: Sendable {
    private struct State {
        var value: DigestMidstate??
        var waiter: CheckedContinuation<DigestMidstate?, Never>?
    }

    private let state = Mutex(State())

    /// The midstate; nil when the algorithm shows none. Only one call.
    func value() async -> DigestMidstate? {
        await withCheckedContinuation { continuation in
            let known: DigestMidstate?? = state.withLock { state in
                if state.value == nil { state.waiter = continuation }
                return state.value
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Tells the midstate, once.
    func fulfil(_ midstate: DigestMidstate?) {
        let waiter = state.withLock { state in
            state.value = .some(midstate)
            return state.waiter.take()
        }
        waiter?.resume(returning: midstate)
    }
}

/// The midstates of all digests of an image at one place in the stream.
public struct PendingMidstates: Sendable {
    let midstates: [PendingMidstate]

    /// The midstates, of the algorithms that have one. Waits for the slowest lane to get there. Only one call.
    public func values() async -> [DigestMidstate] {
        var values: [DigestMidstate] = []
        for midstate in midstates {
            if let value = await midstate.value() { values.append(value) }
        }
        return values
    }
}

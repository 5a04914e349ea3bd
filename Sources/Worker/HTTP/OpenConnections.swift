import NIOCore
import Synchronization

/// The connections of a port. Of too many, one is closed: the one that matters least.
///
/// That is the one which has waited longest for its next request, and when none waits, the one that got nowhere for the
/// longest time. So whoever fills the port, with connections that ask for nothing or never take an answer, keeps nobody
/// else from it.
final class OpenConnections: Sendable {
    private struct Entry {
        let channel: any Channel
        var lastUse: UInt64
        var isIdle = false
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var uses: UInt64 = 0

        mutating func nextUse() -> UInt64 {
            uses += 1
            return uses
        }

        /// The connection that matters least.
        var leastUsed: (any Channel)? {
            let idle = entries.values.filter(\.isIdle)
            return (idle.isEmpty ? Array(entries.values) : idle).min { $0.lastUse < $1.lastUse }?.channel
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: How many may be open; at least one.
    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Adds a connection, and closes another when there are too many.
    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let surplus = state.withLock { state -> (any Channel)? in
            let surplus = state.entries.count < limit ? nil : state.leastUsed
            if let surplus { state.entries[ObjectIdentifier(surplus)] = nil }
            state.entries[id] = Entry(channel: channel, lastUse: state.nextUse())
            return surplus
        }
        channel.closeFuture.whenComplete { [self] _ in state.withLock { $0.entries[id] = nil } }
        // Outside the lock: what has closed is told at once.
        surplus?.close(promise: nil)
    }

    /// Notes that something was got on with on a connection.
    ///
    /// - Parameter isIdle: Whether nothing is left to do there before the next request.
    func noteUse(of channel: any Channel, isIdle: Bool) {
        state.withLock { state in
            let use = state.nextUse()
            state.entries[ObjectIdentifier(channel)]?.lastUse = use
            state.entries[ObjectIdentifier(channel)]?.isIdle = isIdle
        }
    }
}

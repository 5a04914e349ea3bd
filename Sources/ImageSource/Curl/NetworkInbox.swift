import CCurl
import Synchronization

/// The way into the network thread, for all other threads.
final class NetworkInbox: Sendable {
    private struct State {
        var commands: [NetworkCommand] = []
        var multi: MultiHandle?
        var lastID: UInt64 = 0
    }

    // Unchecked: of the multi handle only curl_multi_wakeup is used here, the one function that libcurl allows on any
    // thread, and only under the lock and before `seal` was called.
    private struct MultiHandle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private let state: Mutex<State>

    /// An inbox whose commands wake the thread that polls `multi`.
    init(multi: UnsafeMutableRawPointer) {
        state = Mutex(State(multi: MultiHandle(pointer: multi)))
    }

    /// A number no transfer of this network has had.
    func makeID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Leaves a command; false when the thread is gone.
    @discardableResult
    func post(_ command: NetworkCommand) -> Bool {
        state.withLock { state in
            guard let multi = state.multi else { return false }
            state.commands.append(command)
            // Who left the first command woke the thread already.
            if state.commands.count == 1 { curl_multi_wakeup(multi.pointer) }
            return true
        }
    }

    /// All commands left so far, oldest first.
    func take() -> [NetworkCommand] {
        state.withLock { state in
            let commands = state.commands
            state.commands = []
            return commands
        }
    }

    /// Takes no more commands and forgets the multi handle; returns the commands that came too late.
    func seal() -> [NetworkCommand] {
        state.withLock { state in
            state.multi = nil
            let commands = state.commands
            state.commands = []
            return commands
        }
    }
}

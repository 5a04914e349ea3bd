import CCurl
import Glibc
import ImageModel
import Synchronization

/// One thread that owns one multi handle of libcurl, keeps connections open and performs all calls of a store.
///
/// libcurl's handles may be used by one thread at a time (libcurl-thread(3)); here it is always the same. The thread ends,
/// and is waited for, when this object is released.
final class CallNetwork: Sendable {
    private let inbox: CallInbox
    private let thread: pthread_t
    private let lastGroup = Atomic<UInt64>(0)

    /// Starts the thread.
    init(_ manners: CallManners) throws(CallFailure) {
        guard Self.isLibraryReady, let multi = curl_multi_init() else {
            throw CallFailure(reason: "libcurl cannot be initialised", isTransient: true)
        }
        inbox = CallInbox(multi: multi)
        let loop = Unmanaged.passRetained(CallLoop(multi: multi, inbox: inbox, manners: manners))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<CallLoop>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, loop.toOpaque())
        guard code == 0 else {
            loop.release()
            curl_multi_cleanup(multi)
            throw CallFailure(reason: "no thread for the network: errno \(code)", isTransient: true)
        }
        self.thread = thread
    }

    deinit {
        inbox.post(.stop)
        if pthread_equal(pthread_self(), thread) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }

    /// Performs a call. Not cancellable: what must be done to leave nothing behind is done by cancelled tasks too.
    func answer(to call: Call) async -> Result<CallAnswer, CallFailure> {
        await withCheckedContinuation { continuation in
            let isTaken = inbox.post(.start(call) { continuation.resume(returning: $0) })
            if !isTaken {
                continuation.resume(
                    returning: .failure(CallFailure(reason: "the network thread is gone", isTransient: false)))
            }
        }
    }

    /// A number for calls that are given up together.
    func makeGroup() -> UInt64 {
        lastGroup.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Gives up all calls of a group that are on their way.
    func giveUp(_ group: UInt64) {
        inbox.post(.giveUp(group))
    }

    /// The wall clock, by which requests are signed.
    static func wallClock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
}

/// What all calls of a store have in common.
struct CallManners: Sendable {
    /// A PEM file of certificate authorities, instead of the system's.
    var caFile: String?
    /// The `User-Agent` sent.
    var userAgent = "longshore"
}

/// What other threads ask of the network thread.
enum CallCommand: Sendable {
    case start(Call, @Sendable (Result<CallAnswer, CallFailure>) -> Void)
    case giveUp(UInt64)
    case stop
}

/// The way into the network thread, for all other threads.
final class CallInbox: Sendable {
    private struct State {
        var commands: [CallCommand] = []
        var multi: MultiHandle?
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

    /// Leaves a command; false when the thread is gone.
    @discardableResult
    func post(_ command: CallCommand) -> Bool {
        state.withLock { state in
            guard let multi = state.multi else { return false }
            state.commands.append(command)
            if state.commands.count == 1 { curl_multi_wakeup(multi.pointer) }
            return true
        }
    }

    /// All commands left so far, oldest first.
    func take() -> [CallCommand] {
        state.withLock { state in
            let commands = state.commands
            state.commands = []
            return commands
        }
    }

    /// Takes no more commands and forgets the multi handle; returns the commands that came too late.
    func seal() -> [CallCommand] {
        state.withLock { state in
            state.multi = nil
            let commands = state.commands
            state.commands = []
            return commands
        }
    }
}

import CCurl
import Glibc
import ImageModel

/// One thread that owns one multi handle of libcurl, and everybody else's way to it.
///
/// libcurl's handles may be used by one thread at a time (libcurl-thread(3)); here it is always the same. The thread
/// ends, and is waited for, when this object is released.
final class CurlNetwork: Sendable {
    private let inbox: NetworkInbox
    private let thread: pthread_t

    /// Starts the thread.
    ///
    /// - Throws: ``SourceError`` with `internal` when the system gives no thread or no memory.
    init() throws(SourceError) {
        guard Self.isLibraryReady, let multi = curl_multi_init() else {
            throw SourceError(.internal, "libcurl cannot be initialised", isTransient: true)
        }
        inbox = NetworkInbox(multi: multi)
        let loop = Unmanaged.passRetained(NetworkLoop(multi: multi, inbox: inbox))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<NetworkLoop>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, loop.toOpaque())
        guard code == 0 else {
            loop.release()
            curl_multi_cleanup(multi)
            throw SourceError(.internal, "no thread for the network: errno \(code)", isTransient: true)
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

    /// Performs one request and lends it to `body`; afterwards the network thread has forgotten it.
    ///
    /// When the task is cancelled the connection is closed at once, whatever `body` does.
    func withTransfer<Result: Sendable>(
        _ order: (UInt64) -> TransferOrder, _ body: (TransferMailbox) async throws -> Result
    ) async throws -> Result {
        let mailbox = TransferMailbox()
        let order = order(inbox.makeID())
        guard inbox.post(.start(order, mailbox)) else {
            throw SourceError(.internal, "the network thread is gone")
        }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(
                try await withTaskCancellationHandler {
                    try await body(mailbox)
                } onCancel: {
                    inbox.post(.close(order.id))
                })
        } catch {
            result = .failure(error)
        }
        inbox.post(.close(order.id))
        await mailbox.gone()
        return try result.get()
    }

    /// The network's clock: time since some fixed moment, suspended time included (clock_gettime(2)).
    static func now() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    /// The wall clock, for dates that peers write.
    static func wallClock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
}

import Glibc

/// A thread of its own for calls that block, usable as an actor's executor.
///
/// Work runs in the order in which it came. The thread ends when the last reference to this object is gone and all
/// work is done. Blocking calls must not run on the threads that all tasks share: a slow
/// disk would stop the heartbeats and leases of every other job.
package final class IOThread: SerialExecutor {
    private let queue = WorkQueue()

    /// Starts the thread.
    ///
    /// - Throws: When the system gives this process no more threads (`EAGAIN`).
    package init() throws(SystemCallError) {
        try queue.start()
    }

    deinit {
        queue.close()
    }

    /// Runs `work` after everything that was submitted before.
    package func submit(_ work: @escaping @Sendable () -> Void) {
        queue.add(.closure(work))
    }

    /// Runs `body` on the thread and returns what it returned.
    package func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            submit { continuation.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        queue.add(.job(UnownedJob(job), asUnownedSerialExecutor()))
    }

    package func checkIsolated() {
        precondition(queue.isCurrentThread, "state of an I/O thread was touched from another thread")
    }
}

/// What waits for an ``IOThread``, and the thread's loop.
// Unchecked: everything mutable is touched only between `pthread_mutex_lock` and `pthread_mutex_unlock` of `mutex`.
private final class WorkQueue: @unchecked Sendable {
    enum Work {
        case closure(@Sendable () -> Void)
        case job(UnownedJob, UnownedSerialExecutor)
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [Work] = []
    private var thread: pthread_t?
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrival, nil)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        mutex.deallocate()
    }

    var isCurrentThread: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }

    func add(_ work: Work) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        waiting.append(work)
        pthread_cond_signal(arrival)
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_signal(arrival)
        pthread_mutex_unlock(mutex)
    }

    func start() throws(SystemCallError) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var started = pthread_t()
        let context = Unmanaged.passRetained(self)
        let number = pthread_create(
            &started, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<WorkQueue>.fromOpaque(context).takeRetainedValue().loop()
                return nil
            }, context.toOpaque())
        guard number == 0 else {
            context.release()
            throw SystemCallError(attempt: "start a thread for", path: "blocking calls", number: number)
        }
        pthread_detach(started)
        thread = started
    }

    private func loop() {
        while let work = next() {
            switch work {
            case .closure(let body): body()
            case .job(let job, let executor): job.runSynchronously(on: executor)
            }
        }
    }

    /// The oldest work, alone: what a batch held on to, such as chunks, would come back late.
    private func next() -> Work? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waiting.isEmpty {
            if isClosed { return nil }
            pthread_cond_wait(arrival, mutex)
        }
        return waiting.removeFirst()
    }
}

import CRabbitMQ
import Glibc
import Synchronization

/// An actor that lives on a `ConnectionThread`.
protocol ThreadResident: Actor {
    /// One round of the thread's loop, after the actor's jobs and before the wait.
    func turn() -> LoopPause
}

/// What a `ConnectionThread` waits for.
struct LoopPause: Sendable {
    /// A socket that may become readable.
    var descriptor: Int32?
    /// The longest wait; zero to go on at once.
    var limit: Duration
    /// Told that the loop goes round.
    var pulse: WatchdogPulse?
}

/// A thread that is the serial executor of one actor.
///
/// Its loop runs the actor's jobs, gives the actor a turn at its socket, and waits for either. Because the actor's
/// isolation is this thread, the compiler proves that what the actor keeps to itself is used on this thread only. The
/// thread does not keep the actor alive, and ends with it.
final class ConnectionThread: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var work: [@Sendable () -> Void] = []
        weak var resident: (any ThreadResident)?
        var hasResident = false
    }

    private let state = Mutex(State())
    private let thread = Atomic<UInt>(0)
    /// An eventfd, written to end the wait.
    private let wakeup: Int32

    /// Starts the thread, which at first serves nobody.
    init(name: String) throws(RabbitMQError) {
        wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard wakeup >= 0 else {
            throw RabbitMQError(.systemResources, "There is no descriptor to spare for a connection.")
        }
        guard spawnThread(named: name, { self.loop() }) else {
            throw RabbitMQError(.systemResources, "There is no thread to spare for a connection.")
        }
    }

    deinit { close(wakeup) }

    /// Serves the actor from now until its end. Its executor must be this thread.
    func serve(_ resident: any ThreadResident) {
        state.withLock { state in
            state.resident = resident
            state.hasResident = true
        }
        wake()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake()
    }

    /// Runs `work` on the thread soon. For places that cannot await, such as cancellation handlers.
    func perform(_ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.work.append(work) }
        wake()
    }

    /// Ends the thread after the actor; called when the actor goes.
    func stop() {
        wake()
    }

    func checkIsolated() {
        precondition(isCurrent, "Not on the thread of this connection.")
    }

    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private var isCurrent: Bool { thread.load(ordering: .acquiring) == UInt(pthread_self()) }

    private func wake() {
        // The loop looks for work before it waits, so it need not wake itself.
        guard !isCurrent else { return }
        eventfd_write(wakeup, 1)
    }

    private func loop() {
        thread.store(UInt(pthread_self()), ordering: .releasing)
        while true {
            runJobs()
            guard let pause = giveTurn() else { return }
            pause.pulse?.beat()
            let isIdle = state.withLock { $0.jobs.isEmpty && $0.work.isEmpty }
            if isIdle { wait(pause) }
        }
    }

    private func runJobs() {
        let (jobs, work) = state.withLock { state in
            defer {
                state.jobs.removeAll(keepingCapacity: true)
                state.work.removeAll(keepingCapacity: true)
            }
            return (state.jobs, state.work)
        }
        for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        for item in work { item() }
    }

    /// Nil when the actor is gone. No reference to it is held during the wait.
    private func giveTurn() -> LoopPause? {
        let (resident, isPending) = state.withLock { ($0.resident, !$0.hasResident) }
        if let resident { return turn(resident) }
        return isPending ? LoopPause(limit: .seconds(60)) : nil
    }

    private func turn(_ resident: some ThreadResident) -> LoopPause {
        resident.assumeIsolated { $0.turn() }
    }

    private func wait(_ pause: LoopPause) {
        let milliseconds = (pause.limit / .milliseconds(1)).rounded(.up)
        var sources = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
        if let descriptor = pause.descriptor {
            sources.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        }
        poll(&sources, nfds_t(sources.count), Int32(min(max(milliseconds, 0), 60_000)))
        if sources[0].revents != 0 {
            var count: eventfd_t = 0
            eventfd_read(wakeup, &count)
        }
    }
}

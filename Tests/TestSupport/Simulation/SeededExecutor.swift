/// Runs the tasks of one history on the calling thread: the next job is drawn by the seeded dice, and when there is none
/// to run, simulated time goes on to the next sleeper.
// Unchecked: `enqueue` is called by jobs of this executor alone, which all run on the one thread inside `run`.
final class SeededExecutor: TaskExecutor, @unchecked Sendable {
    let clock = SimulatedClock()
    private let dice: Dice
    private var jobs: [UnownedJob] = []
    private(set) var steps = 0
    /// Grows with every draw; equal for equal runs.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325

    init(seed: UInt64) {
        dice = Dice(seed: seed, purpose: 0)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        jobs.append(UnownedJob(job))
    }

    /// How a run came to its end.
    enum Ending<Value: Sendable>: Sendable {
        case returned(Value)
        /// Nothing runs, nobody sleeps, and the work has not returned.
        case stuck
        /// More steps than a history may take.
        case endless
    }

    /// Runs `work` and all its child tasks to the end.
    func run<Value: Sendable>(
        stepLimit: Int, _ work: @escaping @Sendable () async -> Value
    ) -> Ending<Value> {
        let result = Slot<Value>()
        // The root of the history; everything else is a child of it.
        Task(executorPreference: self) { result.value = await work() }
        while true {
            if let value = result.value { return .returned(value) }
            if jobs.isEmpty {
                guard clock.wakeNext() else { return .stuck }
                continue
            }
            steps += 1
            guard steps <= stepLimit else { return .endless }
            let index = jobs.count == 1 ? 0 : dice.int(0...jobs.count - 1)
            note(UInt64(jobs.count << 16 | index))
            let job = jobs[index]
            jobs[index] = jobs[jobs.count - 1]
            jobs.removeLast()
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    /// Makes something that happened part of what a replay must repeat.
    func note(_ value: UInt64) {
        trace = (trace ^ value) &* 0x0000_0100_0000_01B3
    }

    // Unchecked: written and read on the thread of `run` only.
    private final class Slot<Value>: @unchecked Sendable {
        var value: Value?
    }
}

import Foundation
import Synchronization

/// Runs the jobs of tasks one at a time, in an order that only its seed decides.
final class SeededExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var random: UInt64
        var trace: [Int] = []
        var isEnded = false
    }

    private let state: Mutex<State>
    private let arrival = DispatchSemaphore(value: 0)

    init(seed: UInt64) {
        state = Mutex(State(random: seed))
        Thread.detachNewThread { self.loop() }
    }

    /// How many jobs there were to choose from and which was chosen, at every step so far.
    var trace: [Int] { state.withLock { $0.trace } }

    func end() {
        state.withLock { $0.isEnded = true }
        arrival.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        arrival.signal()
    }

    private func loop() {
        while true {
            arrival.wait()
            let job: UnownedJob? = state.withLock { state in
                guard !state.jobs.isEmpty else { return nil }
                state.random = state.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let index = Int(state.random >> 33) % state.jobs.count
                state.trace += [state.jobs.count, index]
                return state.jobs.remove(at: index)
            }
            if let job {
                job.runSynchronously(on: asUnownedTaskExecutor())
            } else if state.withLock({ $0.isEnded }) {
                return
            }
        }
    }
}

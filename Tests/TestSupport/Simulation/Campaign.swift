import Foundation
public import ImageModel
import Synchronization

/// Many histories, and what came of them.
public struct Campaign: Sendable {
    private let seeds: ClosedRange<UInt64>
    private let bug: PlantedBug?

    public init(seeds: ClosedRange<UInt64>, bug: PlantedBug? = nil) {
        self.seeds = seeds
        self.bug = bug
    }

    /// What came of all histories together.
    public struct Summary: Sendable, CustomStringConvertible {
        public private(set) var histories = 0
        /// The first histories that went wrong, by their seeds.
        public private(set) var failing: [HistoryReport] = []
        public private(set) var failures = 0
        public private(set) var ends: [JobState: Int] = [:]
        public private(set) var faults = Tally()
        public private(set) var steps = 0
        /// Of all traces; equal whenever the same seeds are run.
        public private(set) var trace: UInt64 = 0

        mutating func add(_ report: HistoryReport) {
            histories += 1
            steps += report.steps
            faults += report.faults
            trace ^= report.trace
            for (state, count) in report.ends { ends[state, default: 0] += count }
            guard !report.violations.isEmpty else { return }
            failures += 1
            failing.append(report)
            failing.sort { $0.seed < $1.seed }
            if failing.count > 20 { failing.removeLast() }
        }

        public var description: String {
            let states = JobState.allCases.compactMap { state in ends[state].map { "\($0) \(state.rawValue)" } }
            let bad = Fault.allCases.compactMap { faults[$0] > 0 ? "\($0.rawValue) \(faults[$0])" : nil }
            let seeds = failing.map { "seed \($0.seed): \($0.violations.joined(separator: "\n    "))\n" }.joined()
            return seeds + """
                \(histories) histories, \(failures) of them wrong; \(steps / max(histories, 1)) steps each; trace \(trace)
                jobs: \(states.joined(separator: ", "))
                faults: \(bad.joined(separator: ", "))
                """
        }
    }

    /// Lives all histories on threads of its own and returns when the last one has ended.
    public func run(threads: Int) -> Summary {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex(Summary())
        start(threads: threads) { summary in
            result.withLock { $0 = summary }
            done.signal()
        }
        done.wait()
        return result.withLock { $0 }
    }

    /// Lives all histories on threads of its own, so that nobody else's tasks are held up.
    ///
    /// - Parameter completion: Called once, on one of those threads.
    public func start(threads: Int, completion: @escaping @Sendable (Summary) -> Void) {
        let progress = Progress(next: seeds.lowerBound, open: max(threads, 1))
        for _ in 0..<max(threads, 1) {
            let thread = Thread {
                while let seed = progress.take(upTo: seeds.upperBound) {
                    progress.add(History(seed: seed, bug: bug).run())
                }
                if let summary = progress.leave() { completion(summary) }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// What the threads of a campaign share.
    private final class Progress: Sendable {
        private let state: Mutex<(next: UInt64, open: Int, summary: Summary)>

        init(next: UInt64, open: Int) {
            state = Mutex((next, open, Summary()))
        }

        func take(upTo last: UInt64) -> UInt64? {
            state.withLock { state in
                guard state.next <= last else { return nil }
                defer { state.next += 1 }
                return state.next
            }
        }

        func add(_ report: HistoryReport) {
            state.withLock { $0.summary.add(report) }
        }

        /// What came of everything, for the last thread to leave.
        func leave() -> Summary? {
            state.withLock { state in
                state.open -= 1
                return state.open == 0 ? state.summary : nil
            }
        }
    }
}

import Catalog
import ImageJobs
public import ImageModel
import ImageStore
import JobMessages
import Logging
import Worker

/// One bad day, told by its seed: producers, a broker, a catalog, stores, sources and one to three workers that die, stop
/// and start again; then the sky clears, everything comes to rest, and the oracle looks at what is left.
public struct History: Sendable {
    /// The seed it is made of.
    public let seed: UInt64
    private let bug: PlantedBug?
    private static let stepLimit = 400_000

    public init(seed: UInt64, bug: PlantedBug? = nil) {
        self.seed = seed
        self.bug = bug
    }

    /// Lives through it on the calling thread.
    ///
    /// - Parameter keepsDiary: Whether the report tells what happened; that takes time.
    public func run(keepsDiary: Bool = false) -> HistoryReport {
        let executor = SeededExecutor(seed: seed)
        let world = World(seed: seed, bug: bug, clock: executor.clock, keepsDiary: keepsDiary)
        let ending = executor.run(stepLimit: Self.stepLimit) { await world.live() }
        var report = HistoryReport(seed: seed, steps: executor.steps, lasted: executor.clock.now)
        switch ending {
        case .returned(let state): Oracle(world: world, state: state).judge(&report)
        case .stuck: report.violations.append("nothing runs, nobody sleeps, and the history has not ended")
        case .endless: report.violations.append("no end after \(Self.stepLimit) steps")
        }
        report.faults = world.weather.tally
        for event in world.wire.events {
            for byte in event.body { executor.note(UInt64(byte)) }
        }
        report.trace = executor.trace
        if keepsDiary { report.journal = Journal(world).text(of: report) }
        return report
    }
}

/// How a history went.
public struct HistoryReport: Sendable {
    public let seed: UInt64
    /// What must not have happened; empty when all is well.
    public internal(set) var violations: [String] = []
    /// Equal for equal histories, whatever process ran them.
    public internal(set) var trace: UInt64 = 0
    public let steps: Int
    /// In simulated time.
    public let lasted: Duration
    public internal(set) var faults = Tally()
    /// How many jobs ended in each state.
    public internal(set) var ends: [JobState: Int] = [:]

    /// What happened, for people.
    public internal(set) var journal = ""

    init(seed: UInt64, steps: Int, lasted: Duration) {
        self.seed = seed
        self.steps = steps
        self.lasted = lasted
    }
}

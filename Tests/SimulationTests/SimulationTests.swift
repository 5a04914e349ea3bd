import ImageModel
import Simulation
import Testing

/// Histories that were lived on a thread of their own.
enum Lived {
    static func campaign(_ seeds: ClosedRange<UInt64>, bug: PlantedBug? = nil) async -> Campaign.Summary {
        await withCheckedContinuation { continuation in
            Campaign(seeds: seeds, bug: bug).start(threads: 2) { continuation.resume(returning: $0) }
        }
    }
}

@Suite("The simulation of bad days")
struct SimulationTests {
    @Test("Two thousand bad days leave nothing lost, done twice or untrue", .timeLimit(.minutes(10)))
    func survives() async {
        let summary = await Lived.campaign(1...2_000)
        #expect(summary.failing.isEmpty, "\(summary)")
        #expect(summary.histories == 2_000)
        for fault in Fault.allCases { #expect(summary.faults[fault] > 0, "\(fault) never happened") }
        for state in [JobState.succeeded, .failed, .cancelled] {
            #expect(summary.ends[state, default: 0] > 500, "too few jobs ended as \(state)")
        }
    }

    @Test("A history replays exactly from its seed", .timeLimit(.minutes(10)))
    func replays() async {
        let first = await Lived.campaign(1...50)
        let second = await Lived.campaign(1...50)
        let others = await Lived.campaign(51...100)
        #expect(first.trace == second.trace)
        #expect(first.trace != others.trace)
    }

    @Test("A planted mistake is found", .timeLimit(.minutes(10)), arguments: PlantedBug.allCases)
    func finds(_ bug: PlantedBug) async throws {
        for block in 0..<60 as Range<UInt64> {
            let summary = await Lived.campaign((block * 25 + 1)...(block * 25 + 25), bug: bug)
            let findings = summary.failing.flatMap(\.violations)
            if findings.contains(where: bug.isBetrayed) { return }
        }
        Issue.record("1,500 histories with \(bug.rawValue) look as if all were well")
    }
}

extension PlantedBug {
    /// Whether a violation is what this mistake leads to.
    fileprivate func isBetrayed(by violation: String) -> Bool {
        switch self {
        case .ackBeforeCommit: violation.contains("was lost")
        case .writeWithoutFence:
            violation.contains(" ends") || violation.contains("became") || violation.contains("replica")
        case .eventBeforeCommit:
            violation.contains("never committed") || violation.contains("was published before event")
        case .checkpointBeforeSync, .trustedStaging: violation.contains("are not those the catalog describes")
        case .wrongClock: violation.contains("whose lease was good")
        case .staleValidator: violation.contains("were never served")
        case .countsOutsideTransaction: violation.contains("is more than")
        case .forgottenReservation: violation.contains("does not fit")
        }
    }
}

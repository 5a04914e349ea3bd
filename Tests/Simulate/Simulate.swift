import Foundation
import Simulation

/// Runs histories and says what is wrong with them.
@main
struct Simulate {
    static func main() {
        switch Result(Array(CommandLine.arguments.dropFirst())) {
        case .failure(let trouble):
            print("simulate: \(trouble.sentence)\n\(SimulateOptions.usage)")
            exit(2)
        case .success(let options) where options.isHelp:
            print(SimulateOptions.usage)
        case .success(let options):
            exit(options.seed.map { replay($0, options.bug) } ?? runAll(options) ? 0 : 1)
        }
    }

    /// Lives one history twice, and compares.
    private static func replay(_ seed: UInt64, _ bug: PlantedBug?) -> Bool {
        let report = History(seed: seed, bug: bug).run(keepsDiary: true)
        print(report.journal)
        let isSame = History(seed: seed, bug: bug).run().trace == report.trace
        print(isSame ? "Replayed exactly: trace \(report.trace)" : "NOT REPLAYED: the second run took another way")
        return report.violations.isEmpty && isSame
    }

    private static func runAll(_ options: SimulateOptions) -> Bool {
        let begun = ContinuousClock.now
        if options.showsTraces {
            for seed in options.seeds {
                print(seed, History(seed: seed, bug: options.bug).run().trace)
            }
            return true
        }
        let summary = Campaign(seeds: options.seeds, bug: options.bug).run(threads: options.threads)
        print(summary.description)
        let seconds = begun.duration(to: .now) / .seconds(1)
        let rate = Int(Double(options.seeds.count) / seconds)
        print("\(String(format: "%.1f", seconds)) s, \(rate) histories a second")
        return summary.failing.isEmpty
    }
}

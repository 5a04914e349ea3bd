import Simulation

/// What was asked for on the command line.
struct SimulateOptions {
    private(set) var seeds: ClosedRange<UInt64> = 1...10_000
    private(set) var seed: UInt64?
    private(set) var bug: PlantedBug?
    private(set) var threads = 1
    private(set) var isHelp = false
    private(set) var showsTraces = false

    struct Trouble: Error {
        let sentence: String
    }

    static var usage: String {
        """
        Usage: simulate [SEEDS] [--first N] [--threads N] [--seed N] [--bug NAME] [--traces]

        Lives SEEDS histories (10000): the real intake, scheduler, lease keeper, relay and jobs against a simulated
        broker, catalog, stores, sources, clock and crashes. Prints what the oracle found and exits 1 when that is
        anything.

          --first N     the first seed (1)
          --threads N   histories at once (1)
          --seed N      only this history, twice, with its journal
          --traces      the trace of every history, to compare runs of two processes
          --bug NAME    with a mistake built in: \(PlantedBug.allCases.map(\.rawValue).joined(separator: ", "))
        """
    }

    static func parse(_ arguments: [String]) throws(Trouble) -> Self {
        var options = Self()
        var rest = arguments[...]
        var first: UInt64 = 1
        var count: UInt64 = 10_000
        while let argument = rest.popFirst() {
            switch argument {
            case "-h", "--help": options.isHelp = true
            case "--traces": options.showsTraces = true
            case "--first": first = try number(after: argument, in: &rest)
            case "--threads": options.threads = Int(clamping: min(64, try number(after: argument, in: &rest)))
            case "--seed": options.seed = try number(after: argument, in: &rest)
            case "--bug":
                guard let name = rest.popFirst(), let bug = PlantedBug(rawValue: name) else {
                    throw Trouble(sentence: "--bug takes one of the names below")
                }
                options.bug = bug
            default:
                guard let value = UInt64(argument), (1...10_000_000).contains(value) else {
                    throw Trouble(sentence: "unknown argument '\(argument)'")
                }
                count = value
            }
        }
        options.seeds = first...(first + count - 1)
        return options
    }

    private static func number(after name: String, in rest: inout ArraySlice<String>) throws(Trouble) -> UInt64 {
        guard let value = rest.popFirst().flatMap(UInt64.init), (1...1 << 48).contains(value) else {
            throw Trouble(sentence: "\(name) takes a number from 1")
        }
        return value
    }
}

extension Result where Success == SimulateOptions, Failure == SimulateOptions.Trouble {
    init(_ arguments: [String]) {
        do throws(Failure) { self = .success(try SimulateOptions.parse(arguments)) } catch { self = .failure(error) }
    }
}

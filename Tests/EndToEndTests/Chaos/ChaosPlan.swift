import Foundation

/// How long and how wild: `scripts/chaos` says it in the environment, and the tests take what is quick.
struct ChaosPlan: Sendable {
    /// How long jobs are published and faults are made.
    let duration: Duration
    /// What everything is drawn from.
    let seed: UInt64
    /// Worker processes at once.
    let workers: Int
    /// Messages a second.
    let rate: Int
    /// Where the report goes; nil to keep it in memory.
    let report: String?
    /// Where everything is left for whoever must find out what went wrong; nil to leave nothing.
    let remains: String?
    /// The folder of the private PostgreSQL that keeps the catalog and may be treated badly; nil to leave the catalog alone.
    let database: String?
    /// Whether images go to the private S3 server, over a network that fails.
    let isInS3: Bool
    /// The executable of another version, of which every other worker is; nil for none.
    let otherVersion: String?

    static let environment = {
        let variables = ProcessInfo.processInfo.environment
        func number<Number: LosslessStringConvertible>(_ name: String, _ other: Number) -> Number {
            variables["LONGSHORE_CHAOS_\(name)"].flatMap(Number.init) ?? other
        }
        return ChaosPlan(
            duration: .seconds(number("SECONDS", 15)), seed: number("SEED", 1),
            workers: max(1, number("WORKERS", 3)), rate: max(1, number("RATE", 11)),
            report: variables["LONGSHORE_CHAOS_REPORT"], remains: variables["LONGSHORE_CHAOS_REMAINS"],
            database: variables["LONGSHORE_CHAOS_DATABASE"], isInS3: variables["LONGSHORE_CHAOS_STORE"] == "s3",
            otherVersion: variables["LONGSHORE_CHAOS_EXECUTABLE"])
    }()
}

extension SplitMix {
    /// A number of a range.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// Whether something happens that happens so many times in a hundred.
    mutating func happens(_ percent: Int) -> Bool { number(1...100) <= percent }

    mutating func one<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[number(0...elements.count - 1)]
    }
}

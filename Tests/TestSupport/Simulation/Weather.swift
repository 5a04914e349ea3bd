import ImageModel

/// How much goes wrong in a history, and its dice. Everything stops going wrong at ``clear()``, so that a history can
/// come to rest.
// Unchecked: touched only by the one thread that runs its history.
final class Weather: @unchecked Sendable {
    let dice: Dice
    /// Of a call to the broker, catalog, store or source.
    private let faultRate: Double
    private let crashRate: Double
    private(set) var isClear: Bool
    /// What happened, for statistics and for the oracle.
    private(set) var tally = Tally()
    let diary: Diary

    init(seed: UInt64, diary: Diary) {
        self.diary = diary
        dice = Dice(seed: seed, purpose: 1)
        let mood = dice.int(0...9)
        faultRate = [0, 0.01, 0.01, 0.02, 0.03, 0.03, 0.05, 0.08, 0.12, 0.2][mood]
        crashRate = mood == 0 ? 0 : dice.pick([0, 0.2, 0.5, 0.8, 0.95])
        isClear = mood == 0
    }

    func clear() {
        isClear = true
        diary.note("the sky clears")
    }

    /// Whether a fault strikes now; `weight` makes some rarer or commoner than others.
    func strikes(_ fault: Fault, weight: Double = 1) -> Bool {
        guard !isClear, dice.chance(faultRate * weight) else { return false }
        count(fault)
        return true
    }

    func count(_ fault: Fault) {
        tally.count(fault)
        diary.note(fault.rawValue)
    }

    /// What will become of a worker from here on.
    func nextFate() -> Fate {
        guard !isClear, dice.chance(crashRate) else { return .live }
        let calls = dice.pick([dice.int(1...15), dice.int(1...60), dice.int(1...300)])
        switch dice.int(0...9) {
        case 0...5: return .die(afterCalls: calls)
        case 6...8: return .pause(afterCalls: calls, for: dice.milliseconds(dice.pick([100...3_000, 3_000...30_000])))
        default: return .drain(afterCalls: calls)
        }
    }

    /// How long a call takes on its way; nil for no time at all.
    func latency() -> Duration? {
        switch dice.int(0...99) {
        case 0...49: nil
        case 50...98: dice.microseconds(1...4_000)
        default: isClear ? nil : dice.milliseconds(5...3_000)
        }
    }
}

/// What will become of a worker.
enum Fate {
    case live
    case die(afterCalls: Int)
    case pause(afterCalls: Int, for: Duration)
    case drain(afterCalls: Int)
}

/// What can go wrong.
public enum Fault: String, CaseIterable, Sendable {
    case crash, pause, drain, connectionLost, acknowledgementLost, duplicateMessage
    case publishRefused, confirmLost, confirmWithheld, lateCopy, unroutable
    case catalogAway, commitFailed, commitReplyLost
    case storeAway, storeReplyLost, storeFull, bytesLost, bitFlipped
    case sourceAway, sourceGone, sourceCut, sourceStalled, hostAway, sourceChanged
}

/// How often things went wrong.
public struct Tally: Sendable {
    private var counts = [Int](repeating: 0, count: Fault.allCases.count)
    private static let places = Dictionary(
        uniqueKeysWithValues: Fault.allCases.enumerated().map { ($0.element, $0.offset) })

    public init() {}

    mutating func count(_ fault: Fault) {
        if let place = Self.places[fault] { counts[place] += 1 }
    }

    public subscript(fault: Fault) -> Int { Self.places[fault].map { counts[$0] } ?? 0 }

    public static func += (left: inout Self, right: Self) {
        for index in left.counts.indices { left.counts[index] += right.counts[index] }
    }

    /// Whether none of these happened.
    func hasNo(_ faults: Fault...) -> Bool { faults.allSatisfy { self[$0] == 0 } }
}

import ImageModel

/// What happened when, kept only where somebody will read it.
// Unchecked: touched only by the one thread that runs its history.
final class Diary: @unchecked Sendable {
    private let clock: SimulatedClock
    private let isKept: Bool
    private(set) var lines: [String] = []

    init(clock: SimulatedClock, isKept: Bool) {
        self.clock = clock
        self.isKept = isKept
    }

    func note(_ text: @autoclosure () -> String) {
        if isKept { lines.append("\(clock.now) \(text())") }
    }
}

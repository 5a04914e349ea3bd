public import ImageModel

/// Seeded chance (splitmix64) with the questions a history asks of it.
// Unchecked: touched only by the one thread that runs its history.
public final class Dice: RandomSource, @unchecked Sendable {
    private var state: UInt64

    /// Dice of their own for one purpose, so that one more throw for one purpose changes no other.
    public init(seed: UInt64, purpose: UInt64) {
        state = seed &* 0xD134_2543_DE82_EF95 &+ purpose &* 0xA076_1D64_78BD_642F
        _ = next()
    }

    public func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() >> 16) % (range.upperBound - range.lowerBound + 1)
    }

    func chance(_ probability: Double) -> Bool { fraction() < probability }

    func microseconds(_ range: ClosedRange<Int>) -> Duration { .microseconds(int(range)) }

    func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(int(range)) }

    func pick<Element>(_ choices: [Element]) -> Element { choices[int(0...choices.count - 1)] }
}

import ImageModel
import TestSupport
import Testing

@testable import Worker

@Suite("Answers to hints")
struct HintDelayTests {
    private let random = SeededRandomSource(seed: 1)

    /// The longest of many waits: near the while from which they are drawn.
    private func longest(of delay: HintDelay, at now: Duration = .zero) -> Duration {
        (0..<200).map { _ in delay.next(at: now, random: random) }.max() ?? .zero
    }

    @Test("Come at random moments of a tenth of a second, at once from the one that got the last job")
    func winner() {
        let delay = HintDelay()
        #expect(longest(of: delay) > .milliseconds(80) && longest(of: delay) <= .milliseconds(100))
        delay.expectClaim()
        delay.claimed(1, at: .zero)
        #expect(longest(of: delay) == .zero)
        delay.lookedInVain()
        #expect(longest(of: delay) > .milliseconds(80) && longest(of: delay) <= .milliseconds(100))
    }

    @Test("Come later with every claim in vain, never later than a second, and a minute later as in the beginning")
    func crowd() {
        let delay = HintDelay()
        var before = longest(of: delay)
        for _ in 1...3 {
            delay.expectClaim()
            delay.claimed(0, at: .seconds(5))
            #expect(longest(of: delay, at: .seconds(5)) > before)
            before = longest(of: delay, at: .seconds(5))
        }
        for _ in 1...9 {
            delay.expectClaim()
            delay.claimed(0, at: .seconds(5))
        }
        #expect(longest(of: delay, at: .seconds(65)) > .milliseconds(800))
        #expect(longest(of: delay, at: .seconds(65)) <= .seconds(1))
        #expect(longest(of: delay, at: .seconds(66)) <= .milliseconds(100))
    }

    @Test("Are not learnt from claims that had another reason")
    func otherReasons() {
        let delay = HintDelay()
        for count in [0, 1] { delay.claimed(count, at: .zero) }
        #expect(longest(of: delay) > .milliseconds(80) && longest(of: delay) <= .milliseconds(100))
    }
}

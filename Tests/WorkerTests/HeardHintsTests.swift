import ImageModel
import Testing

@testable import Worker

@Suite("What a worker has heard", .timeLimit(.minutes(10)))
struct HeardHintsTests {
    private let hints = HeardHints()

    @Test("Stays open until a look takes it, kind by kind")
    func looks() {
        hints.hear([.update, .import])
        #expect(hints.take(among: [.import, .share]) == [.import])
        #expect(hints.take(among: [.import, .share]).isEmpty)
        #expect(hints.open(among: [.import, .update]) == [.update])
    }

    @Test("Is answered by a claim that begins later, and not by one that is on its way")
    func claims() {
        hints.hear([.update])
        hints.claimBegins(for: [.update, .import])
        hints.hear([.import])
        #expect(hints.open(among: [.update, .import]).isEmpty)
        hints.claimEnded()
        #expect(hints.open(among: [.update, .import]) == [.import])
    }

    @Test("Waits for the claim that the end of a job brings, and for kinds that this claim is not for")
    func expectation() {
        hints.expectClaim()
        hints.hear([.update, .share])
        #expect(hints.take(among: [.update, .share]).isEmpty)
        hints.claimBegins(for: [.update])
        hints.claimEnded()
        #expect(hints.take(among: [.update, .share]) == [.share])
    }

    @Test("Wakes whoever answers, again when a claim has ended that came too early")
    func wakes() async {
        hints.claimBegins(for: [.update])
        hints.hear([.update])
        await hints.wakeUp.wait(atMost: .seconds(3_600), time: HostTime())
        hints.claimEnded()
        await hints.wakeUp.wait(atMost: .seconds(3_600), time: HostTime())
        #expect(hints.take(among: [.update]) == [.update])
    }

    @Test("Can be opened again for what was left out, which is not news")
    func reopens() {
        hints.hear([.update])
        #expect(hints.takeRecent() == [.update])
        #expect(hints.take(among: [.update]) == [.update])
        hints.reopen([.update])
        #expect(hints.takeRecent().isEmpty)
        #expect(hints.open(among: [.update]) == [.update])
    }
}

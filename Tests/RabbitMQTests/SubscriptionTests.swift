import Testing

@testable import RabbitMQ

@Suite("Bringing the broker to what is wanted of a queue")
struct SubscriptionTests {
    private func subscription(_ phase: Subscription.Phase) -> Subscription {
        var subscription = Subscription(.queue("q"), prefetch: 5)
        subscription.phase = phase
        subscription.startedPrefetch = 5
        return subscription
    }

    @Test("A queue that is wanted is opened, started and then left alone")
    func wanted() {
        #expect(subscription(.idle(retryAt: nil)).step(now: .now) == .open)
        #expect(subscription(.opening).step(now: .now) == .nothing)
        #expect(subscription(.parked(channel: 3)).step(now: .now) == .start(channel: 3))
        #expect(subscription(.starting(channel: 3)).step(now: .now) == .nothing)
        #expect(subscription(.consuming(channel: 3)).step(now: .now) == .nothing)
    }

    @Test("After an interruption it waits for its time")
    func waiting() {
        let now = ContinuousClock.now
        #expect(subscription(.idle(retryAt: now + .seconds(1))).step(now: now) == .nothing)
        #expect(subscription(.idle(retryAt: now)).step(now: now) == .open)
    }

    @Test("A queue that is no longer wanted is cancelled and keeps its channel for settlements")
    func unwanted() {
        for (phase, step) in [
            (.idle(retryAt: nil), .nothing), (.consuming(channel: 1), .cancel(channel: 1)),
            (.stopping(channel: 1), .nothing), (.parked(channel: 1), .nothing),
        ] as [(Subscription.Phase, Subscription.Step)] {
            var subscription = subscription(phase)
            subscription.isWanted = false
            #expect(subscription.step(now: .now) == step)
        }
    }

    @Test("Another prefetch starts the consumer anew, and a recycled channel is closed first")
    func changes() {
        var changed = subscription(.consuming(channel: 1))
        changed.prefetch = 6
        #expect(changed.step(now: .now) == .cancel(channel: 1))
        changed.mustRecycle = true
        #expect(changed.step(now: .now) == .close(channel: 1))
    }

    @Test("A tag is settled once, alone or with all before it")
    func settlement() {
        var subscription = subscription(.consuming(channel: 1))
        subscription.unsettled = [1, 2, 3, 4]
        let results = [
            subscription.settle(2, multiple: false), subscription.settle(2, multiple: false),
            subscription.settle(3, multiple: true), subscription.settle(3, multiple: true),
        ]
        #expect(results == [true, false, true, false])
        #expect(subscription.unsettled == [4])
        subscription.forgetChannel(retryAt: nil)
        #expect(subscription.unsettled.isEmpty)
    }
}

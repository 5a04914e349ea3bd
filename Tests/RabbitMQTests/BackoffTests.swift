import Testing

@testable import RabbitMQ

@Suite("Pauses between attempts")
struct BackoffTests {
    @Test("A pause doubles with each failure up to the maximum, and is jittered by at most half")
    func growth() {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(10))
        var random = SystemRandomNumberGenerator()
        for (failures, ceiling) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (1_000_000, 10)] {
            for _ in 1...50 {
                let pause = backoff.pause(afterFailures: failures, using: &random)
                #expect(pause <= .seconds(ceiling))
                #expect(pause >= .milliseconds(500 * ceiling))
            }
        }
    }

    @Test("Every host of a list is tried before the first pause, and each round starts with the first")
    func rounds() throws {
        var dialer = Dialer(try configuration("amqp://a", "amqp://b", "amqp://c"))
        var hosts = [dialer.endpoint.host]
        var pauses: [Duration] = []
        for _ in 1...4 {
            pauses.append(dialer.pauseAfterFailure())
            hosts.append(dialer.endpoint.host)
        }
        #expect(hosts == ["a", "b", "c", "a", "b"])
        #expect(pauses[0] == .zero)
        #expect(pauses[1] == .zero)
        #expect(pauses[2] > .zero)
        #expect(pauses[3] > .zero)
    }
}

import Testing

@testable import RabbitMQ

@Suite("The ledger of confirms")
struct ConfirmLedgerTests {
    private func address(_ key: String, _ id: String? = nil) -> ConfirmLedger<Int>.Address {
        .init(exchange: "x", routingKey: key, messageID: id)
    }

    @Test("Confirms come in any order, and one may settle many")
    func multiple() {
        var ledger = ConfirmLedger<Int>()
        for ticket in 1...6 { ledger.append(ticket, address("k")) }
        #expect(ledger.resolve(upTo: 4, multiple: false, isPositive: true).map(\.ticket) == [4])
        #expect(ledger.resolve(upTo: 5, multiple: true, isPositive: false).map(\.ticket) == [1, 2, 3, 5])
        #expect(ledger.resolve(upTo: 0, multiple: true, isPositive: true).map(\.ticket) == [6])
        #expect(ledger.count == 0)
    }

    @Test("Confirms for what was never published, or is settled, are ignored")
    func unknown() {
        var ledger = ConfirmLedger<Int>()
        #expect(ledger.resolve(upTo: 1, multiple: true, isPositive: true).isEmpty)
        ledger.append(1, address("k"))
        #expect(ledger.resolve(upTo: .max, multiple: true, isPositive: true).isEmpty)
        #expect(ledger.resolve(upTo: 0, multiple: false, isPositive: true).isEmpty)
        #expect(ledger.resolve(upTo: 1, multiple: false, isPositive: true).map(\.ticket) == [1])
        #expect(ledger.resolve(upTo: 1, multiple: false, isPositive: true).isEmpty)
    }

    @Test("A return marks the oldest message that it can mean")
    func returns() {
        var ledger = ConfirmLedger<Int>()
        ledger.append(1, address("a", "m1"))
        ledger.append(2, address("a", "m2"))
        ledger.append(3, address("a", "m2"))
        ledger.append(4, address("b"))
        ledger.markReturned(address("a", "m2"))
        ledger.markReturned(address("b", "stranger"))
        let all = ledger.resolve(upTo: 4, multiple: true, isPositive: true)
        #expect(all.map(\.wasReturned) == [false, true, false, false])
    }

    @Test("After the channel is gone numbers begin anew")
    func renewal() {
        var ledger = ConfirmLedger<Int>()
        ledger.append(1, address("a"))
        ledger.append(2, address("b"))
        #expect(ledger.removeAll().map(\.ticket) == [1, 2])
        #expect(ledger.append(3, address("c")) == 1)
    }

    @Test("Whatever the broker confirms, each message is settled exactly once", arguments: 0..<50)
    func anyOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var ledger = ConfirmLedger<Int>()
        var settled: [Int] = []
        var published = 0
        for _ in 0..<400 {
            if Bool.random(using: &random) {
                published += 1
                ledger.append(published, address("k"))
            } else {
                let tag = UInt64.random(in: 0...UInt64(published + 2), using: &random)
                settled += ledger.resolve(upTo: tag, multiple: .random(using: &random), isPositive: true).map(\.ticket)
            }
        }
        settled += ledger.removeAll().map(\.ticket)
        #expect(settled.sorted() == Array(1...max(1, published)))
    }
}

/// A reproducible source of randomness (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

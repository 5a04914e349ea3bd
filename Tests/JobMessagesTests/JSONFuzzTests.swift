import ImageModel
import JobMessages
import Testing

/// SplitMix64: the same seed, the same bytes, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

@Suite("Bytes nobody vouches for")
struct JSONFuzzTests {
    /// Goal: no bytes make the decoder trap, and every refusal is bounded.
    /// Method: 20,000 mutations of real messages, from a fixed seed.
    @Test("Twenty thousand mutated messages are decoded or refused, never worse", .timeLimit(.minutes(10)))
    func mutations() {
        var generator = SeededGenerator(state: 20_260_101)
        let seeds = [
            ContractMessage.full, ContractMessage.copy, ContractMessage.share, ContractMessage.cancel,
            ContractMessage.set(#""name":"ä\ud83d\ude00","properties":{"a":1e3,"b":-0.5,"c":null}"#),
        ].map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<20_000 {
            var body = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&body, &generator) }
            let kind = JobKind.allCases.randomElement(using: &generator) ?? .import
            do {
                _ = try JobDecoder.decode(IncomingMessage(body: body, routingKey: kind.rawValue))
                accepted += 1
            } catch {
                #expect(error.message.utf8.count < 4_096 && error.path.utf8.count < 16_384)
            }
        }
        #expect(accepted > 0, "the mutations are too wild to test anything behind the parser")
    }

    @Test("What the parser accepts is written and read back the same", .timeLimit(.minutes(10)))
    func roundTrip() throws {
        var generator = SeededGenerator(state: 7)
        let seed = Array(ContractMessage.full.utf8)
        for _ in 0..<4_000 {
            var body = seed
            mutate(&body, &generator)
            guard let value = try? StrictJSONParser.parse(body) else { continue }
            #expect(try StrictJSONParser.parse(JSONWriter.bytes(of: value)) == value)
            let canonical = CanonicalJSON.text(of: value)
            let again = try StrictJSONParser.parse(Array(canonical.utf8))
            #expect(CanonicalJSON.text(of: again) == canonical)
        }
    }

    private func mutate(_ body: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !body.isEmpty else { return }
        let index = Int.random(in: 0..<body.count, using: &generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: body[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: body.remove(at: index)
        case 2: body.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 3: body.removeSubrange(index...)
        case 4:
            let end = min(body.count, index + Int.random(in: 1...32, using: &generator))
            body.insert(contentsOf: Array(body[index..<end]), at: index)
        case 5: body[index] = Array(#"{}[]",:\0-eE.u"#.utf8).randomElement(using: &generator) ?? 0
        default: body[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        }
    }
}

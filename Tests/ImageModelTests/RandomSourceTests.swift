import ImageModel
import Synchronization
import Testing

private final class FixedSource: RandomSource {
    private let words: Mutex<[UInt64]>

    init(_ words: [UInt64]) { self.words = Mutex(words) }

    func next() -> UInt64 { words.withLock { $0.isEmpty ? 0 : $0.removeFirst() } }
}

@Suite("Randomness")
struct RandomSourceTests {
    @Test("A UUID has the form of version 4 whatever the bits are")
    func uuid() {
        #expect(FixedSource([0, 0]).uuid() == "00000000-0000-4000-8000-000000000000")
        #expect(FixedSource([.max, .max]).uuid() == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(
            FixedSource([0x0123_4567_89AB_CDEF, 0x0123_4567_89AB_CDEF]).uuid()
                == "01234567-89ab-4def-8123-456789abcdef")
    }

    @Test("An identifier is made of a UUID")
    func identifier() {
        let id: EventID = FixedSource([0, 0]).identifier()
        #expect(id.rawValue == "00000000-0000-4000-8000-000000000000")
    }

    @Test("A fraction is at least zero and less than one")
    func fraction() {
        #expect(FixedSource([0]).fraction() == 0)
        #expect(FixedSource([.max]).fraction() < 1)
        #expect(FixedSource([1 << 63]).fraction() == 0.5)
    }
}

import Foundation
import ImageModel
import Testing

@testable import ImageSource

@Suite("Any bytes as a list of digests", .timeLimit(.minutes(10)))
struct DigestListFuzzTests {
    /// Goal: no bytes crash the parser, and whatever it finds stands in the bytes. Method: the committed seeds, mutated
    /// by a generator with a fixed seed; every digest found must occur in the input, whatever its case.
    @Test("Nothing is found that is not there", arguments: 0..<8 as Range<UInt64>)
    func mutated(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let seeds = try Self.seeds()
        #expect(!seeds.isEmpty)
        let file = try #require(ListedFile(url: "https://h/d/i.img", list: "https://h/d/SUMS"))
        for _ in 0..<400 {
            var bytes = seeds[Int(random.next() % UInt64(seeds.count))]
            for _ in 0...(random.next() % 6) { Self.mutate(&bytes, seeds, &random) }
            guard let found = try? DigestList(bytes, about: file).digests else { continue }
            let text = String(decoding: bytes, as: UTF8.self).lowercased()
            for digest in found { #expect(text.contains(digest.hex)) }
        }
    }

    private static func seeds() throws -> [[UInt8]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../FuzzSeeds/digest-list")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            Array(try Data(contentsOf: folder.appending(path: $0)))
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ seeds: [[UInt8]], _ random: inout SplitMix) {
        func place() -> Int { Int(random.next() % UInt64(bytes.count + 1)) }
        let begin = place()
        let end = min(bytes.count, begin + Int(random.next() % 20))
        switch random.next() % 5 {
        case 0 where begin < bytes.count: bytes[begin] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.removeSubrange(begin..<max(begin, end))
        case 2: bytes.insert(contentsOf: Array("(\\) =*\r\n-".utf8).shuffled(using: &random), at: begin)
        case 3: bytes.insert(contentsOf: seeds[Int(random.next() % UInt64(seeds.count))].suffix(90), at: begin)
        default: bytes.insert(contentsOf: bytes[begin..<max(begin, end)], at: begin)
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }
}

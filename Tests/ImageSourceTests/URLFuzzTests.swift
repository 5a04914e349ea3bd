import ImageModel
import Testing

@testable import ImageSource

@Suite("Any text as a URL", .timeLimit(.minutes(10)))
struct URLFuzzTests {
    /// Goal: no text crashes the canonicaliser, and what it accepts has one meaning. Method: hostile and honest URLs, cut
    /// and mixed by a generator with a fixed seed; what is accepted must mean the same when it is parsed again from what
    /// is sent, its host must be a canonical address or an ASCII name, and must stand in the text.
    @Test("What is accepted has one meaning", arguments: 1...8 as ClosedRange<UInt64>)
    func oneMeaning(seed: UInt64) throws {
        var random = SeededRandom(state: seed)
        let seeds =
            HostileURLTests.hostile + ["http://good.example/a?b=c", "https://[2606:4700::1]:443/x", "http://8.8.8.8/"]
        let base = try FetchTarget(url: "http://base.example/d/x", query: nil)
        for _ in 0..<3_000 {
            let one = Array(seeds[random.below(seeds.count)].unicodeScalars)
            let other = Array(seeds[random.below(seeds.count)].unicodeScalars)
            var scalars = Array(one.prefix(random.below(one.count + 1)) + other.suffix(random.below(other.count + 1)))
            if random.below(2) == 0 {
                let inserted = Array("@:/\\?#[]%.\u{0}\t0x\u{FF10}\u{3002}".unicodeScalars)
                scalars.insert(inserted[random.below(inserted.count)], at: random.below(scalars.count + 1))
            }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            let absolute = try? FetchTarget(url: text, query: nil)
            let redirected = try? base.redirected(to: text)
            for target in [absolute, redirected].compactMap({ $0 }) {
                let again = try FetchTarget(url: target.wireText, query: nil)
                #expect(again.host == target.host && again.port == target.port && again.scheme == target.scheme)
                #expect(again.wireText == target.wireText)
                let address = IPAddress(target.host)
                #expect(address != nil || HostRule.isHostName(target.host) && target.host == target.host.lowercased())
                let isInherited = target.host == base.host
                #expect(isInherited || target.host.contains(":") || text.lowercased().contains(target.host), "\(text)")
            }
        }
    }

    private struct SeededRandom {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((word ^ (word >> 31)) % UInt64(max(1, bound)))
        }
    }
}

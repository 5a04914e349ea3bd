import Foundation
import ImageModel
import Testing

@Suite("Small values")
struct ValueTests {
    @Test(
        "Byte counts are read in SI and IEC units",
        arguments: [
            ("0", 0), ("4096", 4_096), ("1B", 1), ("64MiB", 64 << 20), ("1.5GiB", 3 << 29), ("10MB", 10_000_000),
            ("1 TiB", 1 << 40), ("1kB", 1_000), ("8PiB", 8 << 50),
        ] as [(String, Int64)])
    func byteCounts(text: String, bytes: Int64) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(
        "Anything else is no byte count",
        arguments: ["", "MiB", "-1", "1mib", "1.5", "1.2.3MiB", "1e3", "9999999TiB", "1 KB", "١MiB"])
    func noByteCounts(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test("Byte counts are written with one decimal in the largest unit that fits")
    func byteCountDescriptions() {
        #expect(ByteCount(627_048_448).description == "598.0 MiB")
        #expect(ByteCount(1_023).description == "1023 B")
        #expect(ByteCount(1_536).description == "1.5 KiB")
        #expect(ByteCount(-5).bytes == 0)
        #expect(ByteCount(1) < ByteCount(2))
    }

    @Test("A digest has the length of its algorithm, in either case", arguments: DigestAlgorithm.allCases)
    func digests(algorithm: DigestAlgorithm) throws {
        let bytes = (0..<algorithm.byteLength).map { UInt8($0 * 3 & 0xFF) }
        let digest = try #require(Digest(algorithm, bytes: bytes))
        #expect(digest.hex == bytes.lowercaseHex)
        #expect(Digest(algorithm, hex: digest.hex.uppercased()) == digest)
        #expect(Digest(algorithm, hex: String(digest.hex.dropLast())) == nil)
        #expect(Digest(algorithm, hex: "g" + digest.hex.dropFirst()) == nil)
        #expect(Digest(algorithm, bytes: bytes.dropLast()) == nil)
        #expect(digest.description == "\(algorithm.rawValue):\(digest.hex)")
    }

    @Test("Digests are listed in one order everywhere")
    func digestOrder() {
        #expect(DigestAlgorithm.allCases.shuffled().sorted() == [.md5, .sha1, .sha256, .sha384, .sha512, .blake2b512])
    }

    @Test(
        "Identifiers keep to the safe characters",
        arguments: [
            ("job-7f3c", true), ("a", true), ("0", true), ("A._:@=+-z", true), ("kim@example.com", true), ("", false),
            ("-a", false), (".a", false), ("a b", false), ("a/b", false), ("a\n", false), ("é", false),
            ("a\u{301}", false),
        ])
    func identifiers(text: String, isValid: Bool) {
        #expect((JobID(text) != nil) == isValid)
        #expect((ImageID(text) != nil) == isValid)
        #expect((AccountID(text) != nil) == isValid)
    }

    @Test("Only job ids may name a retry")
    func retries() {
        #expect(JobID("job-7f3c~2") != nil && JobID("~2") == nil)
        #expect(ImageID("i~2") == nil && AccountID("a~2") == nil && StoreName("s~2") == nil)
    }

    @Test("Identifiers have the length of their kind")
    func identifierLengths() {
        let longest = String(repeating: "a", count: 128)
        #expect(JobID(longest) != nil && ImageID(longest) != nil)
        #expect(JobID(longest + "a") == nil && ImageID(longest + "a") == nil)
        #expect(AccountID(longest) == nil && AccountID(String(longest.prefix(64))) != nil)
        #expect(StoreName(String(longest.prefix(65))) == nil && StoreName(String(longest.prefix(64))) != nil)
    }

    @Test("Identifiers travel as single strings, and a broken one is not read")
    func identifierCoding() throws {
        let id = try #require(JobID("j-1"))
        let text = String(decoding: try JSONEncoder().encode([id]), as: UTF8.self)
        #expect(text == #"["j-1"]"#)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([JobID].self, from: Data(#"["j 1"]"#.utf8)) }
    }

    @Test(
        "A property keeps its JSON type: true is not 1, \"1\" is not 1",
        arguments: [
            ("true", .bool(true)), ("false", .bool(false)), ("1", .integer(1)), ("0", .integer(0)),
            (#""1""#, .string("1")), (#""true""#, .string("true")), ("1.5", .number(1.5)), ("-7", .integer(-7)),
            ("9223372036854775807", .integer(.max)), ("1e300", .number(1e300)), (#""""#, .string("")),
        ] as [(String, PropertyValue)])
    func propertyValues(json: String, value: PropertyValue) throws {
        #expect(try JSONDecoder().decode([PropertyValue].self, from: Data("[\(json)]".utf8)) == [value])
        let encoded = try JSONEncoder().encode([value])
        #expect(try JSONDecoder().decode([PropertyValue].self, from: encoded) == [value])
    }

    @Test("A whole number is an integer however it is written")
    func wholeNumbers() throws {
        #expect(try JSONDecoder().decode([PropertyValue].self, from: Data("[1.0]".utf8)) == [.integer(1)])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([PropertyValue].self, from: Data("[null]".utf8))
        }
    }
}

import Catalog
import ImageModel
import Testing

@testable import LongshoreCommands

@Suite("The cipher of stored secrets")
struct SecretCipherTests {
    private let cipher = SecretCipher("0123456789abcdef0123456789abcdef")

    private func id(_ text: String) throws -> JobID { try #require(JobID(text)) }

    @Test(
        "A secret comes back under its own key and job, and looks different each time",
        arguments: [0, 1, 15, 16, 8_000])
    func roundTrip(length: Int) throws {
        let secret = String(repeating: "s=\u{E9}&", count: length)
        let sealed = try cipher.seal(secret, of: try id("job-1"))
        #expect(try cipher.open(sealed, of: try id("job-1")) == secret)
        #expect(try cipher.seal(secret, of: try id("job-1")) != sealed)
        #expect(length == 0 || !sealed.contains(secret))
    }

    @Test("Another key, another job, or any changed character opens nothing")
    func tampered() throws {
        let sealed = try cipher.seal("sig=hunter2", of: try id("job-1"))
        let unusable = CatalogError(.unusable, "")
        #expect(throws: unusable) { try cipher.open(sealed, of: try id("job-2")) }
        #expect(throws: unusable) {
            try SecretCipher("another key, another key, another key").open(sealed, of: try id("job-1"))
        }
        for place in sealed.indices.dropFirst(sealedSecretMark.count) {
            var changed = sealed
            changed.replaceSubrange(place...place, with: sealed[place] == "0" ? "1" : "0")
            #expect(throws: unusable) { try cipher.open(changed, of: try id("job-1")) }
        }
        for cut in [1, 2, 30, 60] {
            #expect(throws: unusable) { try cipher.open(String(sealed.dropLast(cut)), of: try id("job-1")) }
        }
    }

    @Test("What was stored before there was a key is given back")
    func plain() throws {
        #expect(try cipher.open("sig=1", of: try id("job-1")) == "sig=1")
    }
}

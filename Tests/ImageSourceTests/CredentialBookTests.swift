import ImageModel
import ImageSource
import Testing

@Suite("The book of credentials")
struct CredentialBookTests {
    private func book(owners: [String] = [], profiles: Set<String> = []) throws -> CredentialBook {
        let credential = try #require(
            FetchCredential(field: "Authorization", value: "Bearer hunter2", urls: ["https://h.example/bucket"]))
        return CredentialBook([
            "objects": .init(
                credential: credential, owners: Set(owners.compactMap { AccountID($0) }), profiles: profiles)
        ])
    }

    private func refusal(
        _ book: CredentialBook, _ name: String = "objects", url: String = "https://h.example/bucket/image",
        accounts: [String] = [], profile: String? = nil
    ) -> FailureCode? {
        do throws(CredentialBook.Refusal) {
            _ = try book.credential(
                name, for: url, accounts: Set(accounts.compactMap { AccountID($0) }), profile: profile)
            return nil
        } catch {
            #expect(!"\(error)".contains("hunter2"))
            return error.code
        }
    }

    @Test("A credential without owners and profiles is for every job, and only for its URLs")
    func everybody() throws {
        let book = try book()
        #expect(refusal(book) == nil)
        #expect(refusal(book, accounts: ["acct-1", "acct-2"], profile: "ims") == nil)
        #expect(refusal(book, "other") == .policyDenied)
        for url in ["https://h.example/bucketeer", "http://h.example/bucket/x", "https://evil.example/bucket/x", "x"] {
            #expect(refusal(book, url: url) == .sourceDenied)
        }
    }

    @Test("Owners and profiles narrow: every account the job speaks for must be named, and a job without one is not")
    func narrowed() throws {
        let owned = try book(owners: ["acct-1", "acct-2"])
        #expect(refusal(owned, accounts: ["acct-1"]) == nil)
        #expect(refusal(owned, accounts: ["acct-1", "acct-2"]) == nil)
        #expect(refusal(owned, accounts: ["acct-1", "acct-3"]) == .policyDenied)
        #expect(refusal(owned) == .policyDenied)
        let profiled = try book(profiles: ["ims"])
        #expect(refusal(profiled, profile: "ims") == nil)
        #expect(refusal(profiled, profile: "scp") == .policyDenied)
        #expect(refusal(profiled) == .policyDenied)
    }

    @Test("Whether somebody else may use a credential of that name is not told")
    func sameWords() throws {
        let book = try book(owners: ["acct-1"])
        func message(_ name: String) -> String? {
            do throws(CredentialBook.Refusal) {
                _ = try book.credential(name, for: "https://h.example/bucket/x", accounts: [], profile: nil)
                return nil
            } catch {
                return error.message.replacing(name, with: "?")
            }
        }
        #expect(message("objects") == message("absent"))
    }

    @Test(
        "A header that the transfer itself needs is no credential",
        arguments: ["Host", "content-length", "Range", "Transfer-Encoding", "If-Range", "connection"])
    func ownFields(field: String) {
        #expect(FetchCredential(field: field, value: "x", urls: ["https://h.example"]) == nil)
    }
}

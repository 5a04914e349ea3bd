import CLibCrypto
import Foundation
import TestSupport
import Testing

@Suite("Lists of digests in jobs", .needsBroker, .timeLimit(.minutes(10)))
struct DigestListTests {
    private static let body = PatternBytes(size: 3 << 20)

    private var digest: String {
        let bytes = Self.body.bytes(at: 0, limit: 3 << 20)
        var digest = [UInt8](repeating: 0, count: 32)
        SHA256(bytes, bytes.count, &digest)
        return digest.map { String(format: "%02x", $0) }.joined()
    }

    private func job(_ site: Site, _ id: String, list: String) -> JSON {
        site.importJob(id, path: "/d/i.img").setting("expect", "digests_url", to: .string(site.origin.url(list)))
    }

    @Test("What the list says is enforced, and a list that says nothing fails the job before the bytes")
    func enforced() async throws {
        try await withSite { site in
            let wrong = String(repeating: "ab", count: 32)
            site.origin.serve("/d/i.img", .pattern(size: Self.body.size))
            site.origin.serve("/d/SHA256SUMS", .bytes(Array("\(wrong)  j.img\n\(digest) *i.img\n".utf8)))
            site.origin.serve("/d/WRONG", .bytes(Array("SHA256 (i.img) = \(wrong)\n".utf8)))
            site.origin.serve("/d/OTHERS", .bytes(Array("\(digest)  j.img\n".utf8)))
            site.origin.serve("/d/BOTH", .bytes(Array("\(digest)  i.img\n\(wrong)  i.img\n".utf8)))
            let worker = try site.startWorker()
            try await site.publish(job(site, "job-1", list: "/d/SHA256SUMS"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            let before = site.origin.journal.entries.requests(for: "/d/i.img").count
            for (id, list) in [("job-2", "/d/OTHERS"), ("job-3", "/d/BOTH"), ("job-4", "/d/ABSENT")] {
                try await site.publish(job(site, id, list: list))
            }
            for (id, code) in [
                ("job-2", "verification_failed"), ("job-3", "verification_failed"), ("job-4", "source_not_found"),
            ] { #expect(try await site.end(of: id).errorCode == code, "\(id)") }
            #expect(site.origin.journal.entries.requests(for: "/d/i.img").count == before)
            try await site.publish(job(site, "job-5", list: "/d/WRONG"))
            #expect(try await site.end(of: "job-5").errorCode == "digest_mismatch")
            try await site.publish(
                job(site, "job-6", list: "/d/SHA256SUMS").setting("expect", "digests", "sha256", to: .string(wrong)))
            #expect(try await site.end(of: "job-6").errorCode == "verification_failed")
            try await site.stop(worker)
        }
    }

    @Test("A list makes an import without validators resumable, and is enforced on the resumed bytes too")
    func resumed() async throws {
        try await withSite { site in
            site.origin.serve("/d/SHA256SUMS", .bytes(Array("\(digest)  i.img\n".utf8)))
            site.origin.serve(
                "/d/i.img", .pattern(size: Self.body.size).resetting(after: 2 << 20),
                .pattern(size: Self.body.size, seed: 2))
            let worker = try site.startWorker()
            try await site.publish(job(site, "job-1", list: "/d/SHA256SUMS").setting("max_attempts", to: 2))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.phase == "failed")
            #expect(["digest_mismatch", "attempts_exhausted"].contains(end.errorCode))
        }
    }
}

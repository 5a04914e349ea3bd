import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Jobs that their publisher may not ask for")
struct RefusedPublisherTests {
    private static let refusal = Failure(.policyDenied, "the publisher may not", stage: .accepting)

    private func refused(_ item: IntakeItem) throws -> IntakeItem {
        guard case .submission(var submission, let original) = item else { return item }
        submission.refusal = Self.refusal
        return .submission(submission, original: original)
    }

    @Test("Such a job is accepted and fails at once, and touches no image", arguments: JobKind.allCases)
    func failsAtOnce(kind: JobKind) async throws {
        let harness = Harness()
        try await harness.activeImage()
        try await harness.accept(Harness.submission("job-1", Harness.importWork("image-2"), query: "sig=1"))
        let before = try await harness.image()
        let work: JobWork =
            switch kind {
            case .import: Harness.importWork("image-3")
            case .copy: Harness.copy()
            case .share: Harness.share(.offer)
            case .update: Harness.update(.name("stolen"))
            case .delete: Harness.delete()
            case .cancel: Harness.cancel("job-1")
            }
        let item = try refused(Harness.submission("job-9", work, query: kind == .import ? "sig=2" : nil))
        #expect(try await harness.accept(item) == [.accepted])
        #expect(try await harness.end(of: "job-9") == .failed(.policyDenied))
        #expect(try await harness.phases(of: "job-9") == [.accepted, .failed])
        #expect(try await harness.image() == before)
        #expect(try await harness.end(of: "job-1") == .queued)
        #expect(try await harness.catalog.read { try $0.image(CatalogSamples.id("image-3")) } == nil)
        // The same message again, as after a crash before its acknowledgement, changes nothing.
        #expect(try await harness.accept(item) == [.known])
        #expect(try await harness.phases(of: "job-9") == [.accepted, .failed])
    }

    @Test("Somebody else's job cannot be renewed or asked after by such a publisher")
    func othersJob() async throws {
        let harness = Harness()
        let job = Harness.submission("job-1", Harness.importWork(), query: "sig=true")
        try await harness.accept(job)
        let theirs = Harness.submission("job-1", Harness.importWork(), query: "sig=false", replyTo: "reply.evil")
        #expect(try await harness.accept(try refused(theirs)) == [.rejected])
        #expect(try await harness.claimOne(.import).sourceQuery == "sig=true")
        let replies = try await harness.outbox().filter {
            if case .reply = $0.destination { true } else { false }
        }
        #expect(replies.allSatisfy { $0.event.data.job == nil })
    }
}

import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Messages taken in")
struct IntakeTests {
    let harness = Harness()

    @Test("An import makes a queued image and one accepted event, in one transaction")
    func importMakesImage() async throws {
        let outcome = try await harness.accept(Harness.submission("job-1", Harness.importWork(), account: "acct-1"))
        #expect(outcome == [.accepted])
        #expect(try await harness.image().status == .queued)
        let entry = try #require(try await harness.outbox().first)
        #expect(try await harness.outbox().count == 1)
        #expect(entry.event.topic == .image(.import, .accepted))
        #expect(entry.event.sequence == 1)
        #expect(entry.event.data.image?.status == .queued)
        #expect(entry.event.owner == CatalogSamples.id("acct-1"))
    }

    @Test("An import without an image id gets one, and its owner from the actor")
    func importWithoutID() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork(nil, owner: nil), account: "acct-7"))
        let id = try #require(try await harness.job("job-1").imageID)
        #expect(try await harness.image(id.rawValue).details.owner == CatalogSamples.id("acct-7"))
    }

    @Test("The same message again changes nothing, in the same batch or later")
    func repeatedMessage() async throws {
        let message = Harness.submission("job-1", Harness.importWork(), query: "sig=1", replyTo: "reply.x")
        #expect(try await harness.accept(message, message) == [.accepted, .known])
        #expect(try await harness.accept(message) == [.known])
        #expect(try await harness.outbox().count == 1)
    }

    @Test("A fresher query replaces the stored one while the job lives, and comes with the claim")
    func fresherQuery() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), query: "sig=old"))
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), query: "sig=new"))
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        #expect(try await harness.claimOne(.import).sourceQuery == "sig=new")
    }

    @Test("An ended job's terminal event is sent again, to the asker's queue only, with the same id")
    func endedJobAgain() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork(), replyTo: "reply.a", correlationID: "c-a"))
        try await harness.complete(harness.claimOne(.import))
        let before = try await harness.outbox()
        #expect(before.last?.destination == .reply(to: "reply.a", correlationID: "c-a"))
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork(), replyTo: "reply.b", correlationID: "c-b"))
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let after = try await harness.outbox()
        #expect(after.count == before.count + 1)
        #expect(after.last?.destination == .reply(to: "reply.b", correlationID: "c-b"))
        #expect(after.last?.event == before.last?.event)
        #expect(after.last?.event.topic == .image(.import, .completed))
    }

    @Test("A cancel that named no known image is answered again too, though its event has no sequence")
    func endedCancelAgain() async throws {
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("job-9")))
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("job-9"), replyTo: "reply.b"))
        #expect(try await harness.outbox().last?.destination == .reply(to: "reply.b", correlationID: nil))
    }

    @Test("Another body under a taken id is a dead letter with its bytes, one rejected event and a reply")
    func duplicateConflict() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let outcome = try await harness.accept(
            Harness.submission(
                "job-1", Harness.importWork("other"), replyTo: "reply.x", correlationID: "c", body: "other body"))
        #expect(outcome == [.rejected])
        let entries = try await harness.outbox().dropFirst()
        #expect(entries.map(\.event.topic) == Array(repeating: .rejected(.import), count: 3))
        #expect(Set(entries.map(\.event.id)).count == 1)
        #expect(entries.first?.event.data.error?.code == .duplicateConflict)
        #expect(entries.first?.event.sequence == nil)
        let letters = entries.compactMap { entry -> DeadLetter? in
            guard case .deadLetter(let letter) = entry.destination else { return nil }
            return letter
        }
        #expect(letters.map(\.body) == [Array("other body".utf8)])
        #expect(entries.filter { $0.destination == .events }.count == 1)
        #expect(entries.last?.destination == .reply(to: "reply.x", correlationID: "c"))
        #expect(try await harness.job("job-1").state == .queued)
    }

    @Test("A rejected message under a job's id is not taken for the job's last step")
    func rejectedIsNoStep() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        try await harness.complete(harness.claimOne(.import))
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), body: "other"))
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), replyTo: "reply.x"))
        #expect(try await harness.outbox().last?.event.topic == .image(.import, .completed))
    }

    @Test("An import of a taken image id fails as an accepted job, and leaves the image alone")
    func imageExists() async throws {
        let image = try await harness.activeImage()
        try await harness.accept(Harness.submission("job-2", Harness.importWork()))
        #expect(try await harness.end(of: "job-2") == .failed(.imageExists))
        #expect(try await harness.phases(of: "job-2") == [.accepted, .failed])
        #expect(try await harness.image() == image)
        #expect(try await harness.outbox().last?.event.data.image == nil)
    }

    @Test("A failed or cancelled image may be imported again, but only by its owner")
    func importAgain() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        try await harness.catalog.fail(
            harness.claimOne(.import).lease, because: Failure(.sourceNotFound, "gone", stage: .fetching))
        #expect(try await harness.image().status == .failed)
        try await harness.accept(Harness.submission("job-2", Harness.importWork(owner: "acct-2")))
        #expect(try await harness.end(of: "job-2") == .failed(.imageExists))
        try await harness.accept(Harness.submission("job-3", Harness.importWork()))
        #expect(try await harness.image().status == .queued)
        try await harness.accept(Harness.submission("cancel-3", Harness.cancel("job-3")))
        #expect(try await harness.image().status == .cancelled)
        try await harness.accept(Harness.submission("job-4", Harness.importWork()))
        try await harness.complete(harness.claimOne(.import))
        #expect(try await harness.image().status == .active)
    }

    @Test("The id of a deleted image is never used again, nor that of an image about to be deleted")
    func imageGone() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        try await harness.catalog.fail(harness.claimOne(.import).lease, because: Failure(.sourceNotFound, "gone"))
        try await harness.accept(Harness.submission("delete-1", Harness.delete()))
        try await harness.accept(Harness.submission("job-2", Harness.importWork()))
        #expect(try await harness.end(of: "job-2") == .failed(.imageGone))
        let delete = try await harness.claimOne(.delete)
        _ = try await harness.catalog.beginDelete(delete.lease)
        try await harness.catalog.completeDelete(delete.lease)
        #expect(try await harness.image().status == .deleted)
        try await harness.accept(Harness.submission("job-3", Harness.importWork()))
        #expect(try await harness.end(of: "job-3") == .failed(.imageGone))
    }

    @Test("A query is wiped when the job ends, and stands in no event and no job")
    func secrets() async throws {
        let secret = "sig=S3CRET"
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), query: secret))
        try await harness.complete(harness.claimOne(.import))
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), query: secret))
        let admission = try await harness.catalog.read { try $0.admission(of: CatalogSamples.id("job-1")) }
        #expect(admission?.sourceQuery == nil)
        #expect(try await !"\(harness.outbox())".contains("S3CRET"))
        #expect(try await !"\(harness.job("job-1"))".contains("S3CRET"))
    }
}

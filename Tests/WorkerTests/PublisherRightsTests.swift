import ImageModel
import TestSupport
import Testing

@testable import Worker

@Suite("What a publisher may ask for")
struct PublisherRightsTests {
    private let plan: WorkerPlan = {
        var plan = WorkerPlan()
        plan.publishers["portal"] = PublisherRights(
            accounts: [CatalogSamples.id("acct-1"), CatalogSamples.id("acct-2")], kinds: [.import, .copy, .share],
            profiles: ["ims"])
        plan.publishers["sharer"] = PublisherRights(kinds: [.share])
        return plan
    }()

    private func request(_ work: JobWork, account: String? = "acct-1") -> JobRequest {
        JobRequest(
            id: CatalogSamples.id("job-1"), actor: account.map { JobActor(account: CatalogSamples.id($0)) }, work: work)
    }

    private func importWork(owner: String? = nil, profile: String? = nil) -> JobWork {
        .import(
            ImportRequest(
                image: ImageSpecification(name: "n", owner: owner.map { CatalogSamples.id($0) }, profile: profile),
                source: SourceLocation(url: "https://h/i")))
    }

    private func paths(_ request: JobRequest, from user: String? = "portal") -> [String]? {
        plan.refusal(of: request, from: user).map { $0.violations.map(\.path) }
    }

    @Test("Accounts, kinds and profiles narrow, and every violation is told at once")
    func narrowed() {
        #expect(paths(request(importWork())) == nil)
        #expect(paths(request(importWork(owner: "acct-2", profile: "ims"))) == nil)
        #expect(paths(request(importWork(), account: "acct-3")) == ["/actor/account"])
        // Without an account a job would speak for the platform.
        #expect(paths(request(importWork(), account: nil)) == ["/actor/account"])
        #expect(paths(request(importWork(owner: "acct-3"))) == ["/image/owner"])
        #expect(paths(request(importWork(profile: "scp"))) == ["/image/profile"])
        let delete = JobWork.delete(DeleteRequest(imageID: CatalogSamples.id("image-1")))
        #expect(paths(request(delete, account: "acct-3")) == ["/kind", "/actor/account"])
    }

    @Test("As soon as anybody is narrowed, a message needs the user that the broker checked")
    func userIsRequired() {
        #expect(paths(request(importWork()), from: nil) == [""])
        #expect(paths(request(importWork()), from: "") == [""])
        #expect(WorkerPlan().refusal(of: request(importWork()), from: nil) == nil)
    }

    @Test("What is not named in a right is free, and so is a user who is not named at all")
    func others() {
        #expect(paths(request(importWork(), account: nil), from: "sharer") == ["/kind"])
        let share = JobWork.share(
            ShareRequest(
                imageID: CatalogSamples.id("image-1"), action: .offer, member: CatalogSamples.id("acct-9")))
        #expect(paths(request(share, account: nil), from: "sharer") == nil)
        #expect(paths(request(importWork(), account: nil), from: "platform") == nil)
    }
}

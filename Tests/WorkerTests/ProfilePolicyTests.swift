import Catalog
import ImageModel
import ImageProfiles
import TestSupport
import Testing
import Worker

@Suite("What profiles ask of jobs")
struct ProfilePolicyTests {
    private let policy = ProfilePolicy(
        ImageProfiles(), retention: .seconds(10), retentionByProfile: ["scp": .zero, "zstack": .seconds(99)])

    private func image(_ profile: String?) -> Image {
        Image(
            id: CatalogSamples.id("image-1"), details: ImageDetails(name: "n", profile: profile), status: .active,
            revision: 1, createdAt: CatalogSamples.moment, updatedAt: CatalogSamples.moment)
    }

    private func members(_ count: Int, _ status: MemberStatus) -> [Member] {
        (0..<count).map { number in
            Member(
                account: CatalogSamples.id("acct-\(number)"), status: status, createdAt: CatalogSamples.moment,
                updatedAt: CatalogSamples.moment)
        }
    }

    @Test("An `ims` image has at most 256 members; who was stopped counts no more, and who is one is no further one")
    func memberLimit() {
        func code(_ members: [Member], _ profile: String = "ims", _ member: String = "acct-new") -> FailureCode? {
            let request = ShareRequest(
                imageID: CatalogSamples.id("image-1"), action: .offer, member: CatalogSamples.id(member))
            return policy.refusal(of: .share(request), on: image(profile), members: members)?.code
        }
        #expect(code(members(255, .accepted)) == nil)
        #expect(code(members(256, .pending)) == .notShareable)
        #expect(code(members(256, .pending), "ims", "acct-3") == nil)
        #expect(code(members(300, .stopped)) == nil)
        #expect(code(members(300, .accepted), "ncp") == nil)
    }

    @Test("Deleted images are kept as long as their profile says, else as long as all")
    func retention() {
        #expect(policy.retention(of: image(nil)) == .seconds(10))
        #expect(policy.retention(of: image("ims")) == .seconds(10))
        #expect(policy.retention(of: image("scp")) == .zero)
        #expect(policy.retention(of: image("zstack")) == .seconds(99))
    }
}

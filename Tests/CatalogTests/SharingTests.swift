import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Sharing and updating")
struct SharingTests {
    let harness = Harness()

    /// Sends a share job, runs it, and returns how it ended.
    private func share(_ action: ShareAction, as account: String?) async throws -> Harness.End {
        let number = try await harness.catalog.read { try $0.jobs(JobFilter(kind: .share)).count }
        let id = "s-\(number)"
        try await harness.accept(Harness.submission(id, Harness.share(action), account: account))
        for claimed in try await harness.claim(.share) { try await harness.catalog.share(claimed.lease) }
        return try await harness.end(of: id)
    }

    private func update(
        _ changes: ImageChange..., account: String? = nil, ifRevision: Int64? = nil
    ) async throws -> Harness.End {
        let number = try await harness.catalog.read { try $0.jobs(JobFilter(kind: .update)).count }
        let id = "u-\(number)"
        let request = UpdateRequest(imageID: CatalogSamples.id("image-1"), changes: changes, ifRevision: ifRevision)
        try await harness.accept(Harness.submission(id, .update(request), account: account))
        for claimed in try await harness.claim(.update) { try await harness.catalog.update(claimed.lease) }
        return try await harness.end(of: id)
    }

    @Test("A member is offered, accepts, rejects, is stopped, and may be offered again")
    func memberStates() async throws {
        try await harness.activeImage()
        for (action, account, status) in [
            (ShareAction.offer, "acct-1", MemberStatus.pending), (.accept, "acct-2", .accepted),
            (.reject, "acct-2", .rejected), (.offer, "acct-1", .pending), (.revoke, "acct-1", .stopped),
            (.offer, "acct-1", .pending),
        ] {
            #expect(try await share(action, as: account) == .succeeded)
            #expect(try await harness.member("acct-2") == status)
            let event = try #require(try await harness.outbox().last?.event)
            #expect(event.data.share?.status == status)
            #expect(event.data.share?.member == CatalogSamples.id("acct-2"))
        }
    }

    @Test("What sharing forbids fails with its own code")
    func forbidden() async throws {
        try await harness.activeImage()
        for action in [ShareAction.accept, .reject, .revoke] {
            #expect(try await share(action, as: nil) == .failed(.memberNotFound))
        }
        _ = try await share(.offer, as: nil)
        #expect(try await share(.offer, as: nil) == .failed(.memberExists))
        #expect(try await harness.outbox().last?.event.data.share?.status == nil)
        _ = try await share(.revoke, as: nil)
        #expect(try await share(.accept, as: nil) == .failed(.memberNotFound))
        _ = try await update(.visibility(.public))
        #expect(try await share(.offer, as: nil) == .failed(.notShareable))
    }

    @Test("The owner offers and revokes, the member answers, and nobody else does either")
    func rights() async throws {
        try await harness.activeImage()
        #expect(try await share(.offer, as: "acct-2") == .failed(.notOwner))
        #expect(try await share(.offer, as: "acct-1") == .succeeded)
        #expect(try await share(.accept, as: "acct-1") == .failed(.notMember))
        #expect(try await share(.reject, as: "acct-3") == .failed(.notMember))
        #expect(try await share(.accept, as: "acct-2") == .succeeded)
        #expect(try await share(.revoke, as: "acct-2") == .failed(.notOwner))
        #expect(try await update(.name("n"), account: "acct-2") == .failed(.notOwner))
        #expect(try await update(.name("n"), account: "acct-1") == .succeeded)
        #expect(try await update(.name("m"), account: nil) == .succeeded)
    }

    @Test("A copy to an own new image needs the owner or an accepted member; one more replica the owner")
    func copyRights() async throws {
        try await harness.activeImage()
        let mine = JobWork.copy(CopyRequest(imageID: CatalogSamples.id("image-1"), newImage: .init(name: "mine")))
        try await harness.accept(Harness.submission("c-1", mine, account: "acct-2"))
        #expect(try await harness.end(of: "c-1") == .failed(.notMember))
        _ = try await share(.offer, as: nil)
        _ = try await share(.accept, as: "acct-2")
        try await harness.accept(
            Harness.submission("c-2", mine, account: "acct-2"),
            Harness.submission("c-3", Harness.copy(), account: "acct-2"),
            Harness.submission("c-4", Harness.copy(), account: "acct-1"))
        #expect(try await harness.end(of: "c-2") == .queued)
        #expect(try await harness.end(of: "c-3") == .failed(.notOwner))
        #expect(try await harness.end(of: "c-4") == .queued)
    }

    @Test("An update changes what it names, null goes back to the default, and the revision grows by one")
    func update() async throws {
        let before = try await harness.activeImage()
        #expect(
            try await update(
                .name("new"), .description("d"), .tags(["t"]), .minimumDiskGiB(7),
                .properties(["a": .integer(1), "b": .bool(true)])) == .succeeded)
        #expect(try await harness.image().revision == before.revision + 1)
        #expect(
            try await update(
                .description(nil), .tags(nil), .minimumDiskGiB(nil),
                .properties(["a": nil as PropertyValue?, "c": .string("x")])) == .succeeded)
        let details = try await harness.image().details
        #expect(details.name == "new")
        #expect(details.description.isEmpty && details.tags.isEmpty && details.minimumDiskGiB == 0)
        #expect(details.properties == ["b": .bool(true), "c": .string("x")])
    }

    @Test("An update with another revision than the image's changes nothing")
    func revision() async throws {
        let image = try await harness.activeImage()
        #expect(try await update(.name("n"), ifRevision: image.revision + 1) == .failed(.ruleViolated))
        #expect(try await harness.image() == image)
        #expect(try await update(.name("n"), ifRevision: image.revision) == .succeeded)
    }

    @Test("Properties of many updates do not add up beyond the bound of one message")
    func manyProperties() async throws {
        try await harness.activeImage()
        let some = Dictionary(uniqueKeysWithValues: (0..<100).map { ("a\($0)", PropertyValue?.some(.integer(1))) })
        let more = Dictionary(uniqueKeysWithValues: (0..<100).map { ("b\($0)", PropertyValue?.some(.integer(1))) })
        #expect(try await update(.properties(some)) == .succeeded)
        #expect(try await update(.properties(more)) == .failed(.ruleViolated))
        #expect(try await harness.image().details.properties.count == 100)
    }
}

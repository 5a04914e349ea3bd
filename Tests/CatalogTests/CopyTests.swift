import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Copies")
struct CopyTests {
    let harness = Harness()

    private func copy(
        _ job: String, to new: String? = nil, name: String = "mine", owner: String? = nil, store: String? = nil,
        of image: String = "image-1", account: String? = nil, after: [String] = []
    ) -> IntakeItem {
        let made = new.map {
            CopyRequest.NewImage(
                id: CatalogSamples.id($0), name: name, owner: owner.map { CatalogSamples.id($0) })
        }
        let request = CopyRequest(
            imageID: CatalogSamples.id(image), store: store.map { CatalogSamples.id($0) }, newImage: made)
        return Harness.submission(job, .copy(request), account: account, after: after)
    }

    @Test("One more replica leaves the image active, shows the copying, and dates the replica")
    func replica() async throws {
        let before = try await harness.activeImage()
        try await harness.accept(copy("c", store: "eu-2"))
        let claimed = try await harness.claimOne(.copy)
        #expect(claimed.image?.operation == .copying)
        #expect(try await harness.image().status == .active)
        harness.clock.advance(by: .seconds(5))
        try await harness.completeCopy(claimed)
        let image = try await harness.image()
        #expect(image.operation == nil && image.status == .active && image.revision == before.revision + 1)
        #expect(image.replicas.map(\.store.rawValue) == ["default", "eu-2"])
        #expect(image.replicas.allSatisfy { $0.state == .available })
        #expect(image.replicas.last?.createdAt == harness.clock.now)
        #expect(image.content == before.content && image.origin == nil)
        #expect(try await harness.phases(of: "c") == [.accepted, .started, .completed])
        let events = try await harness.outbox().filter { $0.event.jobID == "c" }
        #expect(events.map { $0.event.data.image?.operation } == [nil, .copying, nil])
    }

    @Test("A new image says what the old one says, but belongs to the asker, is private and unprotected")
    func newImage() async throws {
        try await harness.accept(
            Harness.submission("make", Harness.importWork(isProtected: true)))
        try await harness.complete(harness.claimOne(.import))
        for (job, work) in [
            ("u", Harness.update(.description("d"), .tags(["t=1"]), .visibility(.shared))),
            ("s", Harness.share(.offer)), ("a", Harness.share(.accept)),
        ] {
            try await harness.accept(Harness.submission(job, work))
            let claimed = try await harness.claimOne(work.kind)
            if work.kind == .update {
                try await harness.catalog.update(claimed.lease)
            } else {
                try await harness.catalog.share(claimed.lease)
            }
        }
        try await harness.accept(copy("c", to: "image-2", account: "acct-2"))
        #expect(try await harness.image("image-2").status == .queued)
        let claimed = try await harness.claimOne(.copy)
        #expect(claimed.image?.status == .importing)
        #expect(try await harness.image().operation == .copying)
        try await harness.completeCopy(claimed)
        let old = try await harness.image()
        let new = try await harness.image("image-2")
        #expect(old.operation == nil && new.operation == nil)
        #expect(new.status == .active && new.content == old.content && new.origin == old.id)
        #expect(new.details.name == "mine" && new.details.owner == CatalogSamples.id("acct-2"))
        #expect(new.details.description == "d" && new.details.tags == ["t=1"])
        #expect(new.details.visibility == .private && !new.details.isProtected)
        #expect(new.provenance == Provenance(sourceURL: nil, creator: "acct-2", editor: "acct-2"))
        #expect(new.replicas.map(\.store.rawValue) == ["default"])
    }

    @Test("A copy to a store that has the image fails; the second of two that wait for it finds it done")
    func sameStore() async throws {
        try await harness.activeImage()
        try await harness.accept(copy("there"), copy("c-1", store: "eu-2"), copy("c-2", store: "eu-2"))
        #expect(try await harness.end(of: "there") == .failed(.replicaExists))
        #expect(try await harness.end(of: "c-2") == .deferred)
        harness.clock.advance(by: .seconds(1))
        try await harness.completeCopy(harness.claimOne(.copy))
        #expect(try await harness.catalog.beginCopy(harness.claimOne(.copy).lease) == nil)
        #expect(try await harness.end(of: "c-2") == .succeeded)
        #expect(try await harness.image().replicas.count == 2)
    }

    @Test("When the first of two copies to one store fails, the second brings the replica")
    func secondTries() async throws {
        try await harness.activeImage()
        try await harness.accept(copy("c-1", store: "eu-2"), copy("c-2", store: "eu-2"))
        let first = try await harness.claimOne(.copy)
        _ = try await harness.catalog.beginCopy(first.lease)
        _ = try await harness.catalog.beginTransfer(first.lease, to: CatalogSamples.id("eu-2"))
        try await harness.accept(Harness.submission("x", Harness.cancel("c-2")))
        try await harness.accept(copy("c-3", store: "eu-2"))
        #expect(try await harness.image().replicas.map(\.state) == [.available, .copying])
        try await harness.catalog.fail(first.lease, because: CatalogSamples.failure)
        #expect(try await harness.image().replicas.map(\.state) == [.available])
        try await harness.completeCopy(harness.claimOne(.copy))
        #expect(try await harness.end(of: "c-3") == .succeeded)
    }

    @Test("A copy waits while the replica that stands in its place is deleted")
    func replicaOnItsWayOut() async throws {
        try await harness.activeImage(stores: ["default", "eu-2"])
        try await harness.accept(Harness.submission("d", Harness.delete(store: "eu-2")))
        let deleting = try await harness.claimOne(.delete)
        _ = try await harness.catalog.beginDelete(deleting.lease)
        try await harness.accept(copy("c", store: "eu-2"))
        #expect(try await harness.end(of: "c") == .deferred)
        try await harness.catalog.completeDelete(deleting.lease)
        try await harness.completeCopy(harness.claimOne(.copy))
        #expect(try await harness.image().replicas.count == 2)
    }

    @Test("A copy that ends without its work leaves the old image as it was, and of the new one nothing usable")
    func failure() async throws {
        let before = try await harness.activeImage()
        try await harness.accept(copy("c-1", to: "image-2"), copy("c-2", store: "eu-2"))
        for claimed in try await harness.claim(.copy) {
            let order = try #require(try await harness.catalog.beginCopy(claimed.lease))
            _ = try await harness.catalog.beginTransfer(claimed.lease, to: order.store)
            try await harness.catalog.retry(claimed.lease, after: .seconds(1), because: CatalogSamples.failure)
            #expect(try await harness.image().operation == .copying)
        }
        harness.clock.advance(by: .seconds(2))
        for claimed in try await harness.claim(.copy) {
            try await harness.catalog.fail(claimed.lease, because: CatalogSamples.failure)
        }
        let image = try await harness.image()
        #expect(image.operation == nil && image.replicas == before.replicas)
        #expect(try await harness.image("image-2").status == .failed)
        #expect(try await harness.image("image-2").replicas.isEmpty)
        #expect(try await harness.catalog.read { try $0.abandonedTransfers(limit: 9) }.count == 2)
    }

    @Test("A copy whose worker drains or dies shows no operation until it runs again")
    func interrupted() async throws {
        try await harness.activeImage()
        try await harness.accept(copy("c", store: "eu-2"))
        try await harness.catalog.giveBack(harness.claimOne(.copy).lease)
        #expect(try await harness.image().operation == nil)
        let dying = try await harness.claimOne(.copy)
        #expect(try await harness.image().operation == .copying)
        harness.clock.advance(by: .seconds(31))
        let next = try await harness.claimOne(.copy)
        #expect(next.lease.fence == dying.lease.fence + 2)
        await #expect(throws: CatalogError(.fenced, "")) { try await harness.completeCopy(dying) }
        try await harness.completeCopy(next)
        #expect(try await harness.image().operation == nil)
    }

    @Test("What is shared, updated or deleted of an image that a copy makes waits for the copy, in any order")
    func jobsOnTheNewImage() async throws {
        try await harness.accept(
            Harness.submission("s", Harness.share(.offer, of: "image-2")), copy("c", to: "image-2"),
            Harness.submission("u", Harness.update(.name("n"), of: "image-2")),
            Harness.submission("i", Harness.importWork("image-2")))
        #expect(try await harness.end(of: "i") == .failed(.imageExists))
        #expect(try await harness.end(of: "c") == .deferred)
        try await harness.activeImage()
        try await harness.completeCopy(harness.claimOne(.copy))
        try await harness.catalog.share(harness.claimOne(.share).lease)
        try await harness.catalog.update(harness.claimOne(.update).lease)
        for job in ["s", "u"] { #expect(try await harness.end(of: job) == .succeeded) }
    }

    @Test("A delete of either image ends the copy, then deletes; the other image stays", arguments: [1, 2])
    func delete(_ number: Int) async throws {
        try await harness.activeImage()
        try await harness.accept(copy("c", to: "image-2"))
        let claimed = try await harness.claimOne(.copy)
        _ = try await harness.catalog.beginCopy(claimed.lease)
        _ = try await harness.catalog.beginTransfer(claimed.lease, to: CatalogSamples.id("default"))
        try await harness.accept(Harness.submission("d", Harness.delete("image-\(number)")))
        #expect(try await harness.end(of: "d") == .deferred)
        #expect(try await harness.job("c").isCancelRequested)
        try await harness.catalog.cancel(claimed.lease)
        let deleting = try await harness.claimOne(.delete)
        #expect(try await harness.catalog.beginDelete(deleting.lease)?.count == (number == 1 ? 1 : 0))
        try await harness.catalog.completeDelete(deleting.lease)
        #expect(try await harness.end(of: "c") == .cancelled)
        #expect(try await harness.image("image-1").status == (number == 1 ? .deleted : .active))
        #expect(try await harness.image("image-2").status == (number == 1 ? .cancelled : .deleted))
    }

    @Test("A delete ends a copy that waits as soon as it comes")
    func deleteOfWaiting() async throws {
        try await harness.accept(Harness.submission("i", Harness.importWork()), copy("c", to: "image-2"))
        try await harness.accept(Harness.submission("d", Harness.delete("image-2")))
        #expect(try await harness.end(of: "c") == .cancelled)
        #expect(try await harness.end(of: "d") == .queued)
    }

    @Test("A copy waits for the image it reads to become active, and fails with it")
    func sourceFails() async throws {
        try await harness.accept(Harness.submission("i", Harness.importWork()), copy("c", to: "image-2"))
        #expect(try await harness.end(of: "c") == .deferred)
        try await harness.catalog.fail(harness.claimOne(.import).lease, because: CatalogSamples.failure)
        #expect(try await harness.end(of: "c") == .failed(.imageNotActive))
        #expect(try await harness.image("image-2").status == .failed)
        // The id is free again for its owner: for an import, or for the copy's retry.
        try await harness.activeImage("image-3")
        try await harness.accept(copy("c~2", to: "image-2", of: "image-3"))
        try await harness.completeCopy(harness.claimOne(.copy))
        #expect(try await harness.image("image-2").origin == CatalogSamples.id("image-3"))
        #expect(try await harness.job("c~2").retryOf == CatalogSamples.id("c"))
    }

    @Test("A revoked member's copy goes on when it has begun, and fails when it has not")
    func revoked() async throws {
        try await harness.activeImage()
        for action in [ShareAction.offer, .accept] {
            try await harness.accept(Harness.submission("\(action)", Harness.share(action)))
            try await harness.catalog.share(harness.claimOne(.share).lease)
        }
        try await harness.accept(copy("c-1", to: "image-2", account: "acct-2"))
        let begun = try await harness.claimOne(.copy)
        let order = try #require(try await harness.catalog.beginCopy(begun.lease))
        try await harness.accept(copy("c-2", to: "image-3", account: "acct-2"))
        let late = try await harness.claimOne(.copy)
        try await harness.accept(Harness.submission("revoke", Harness.share(.revoke)))
        try await harness.catalog.share(harness.claimOne(.share).lease)
        #expect(try await harness.catalog.beginCopy(late.lease) == nil)
        #expect(try await harness.end(of: "c-2") == .failed(.notMember))
        let transfer = try await harness.catalog.beginTransfer(begun.lease, to: order.store)
        try await harness.catalog.beginCommit(begun.lease, of: transfer.id, with: Harness.result)
        try await harness.catalog.completeCopy(begun.lease, replica: Harness.replica())
        #expect(try await harness.end(of: "c-1") == .succeeded)
    }

    @Test("A member copies for itself only, and learns nothing of an image that is not shared with it")
    func rights() async throws {
        try await harness.activeImage()
        try await harness.accept(copy("stranger", to: "image-2", account: "acct-2"))
        #expect(try await harness.end(of: "stranger") == .failed(.notMember))
        #expect(
            try await harness.image("image-2").details == ImageDetails(name: "mine", owner: CatalogSamples.id("acct-2"))
        )
        for action in [ShareAction.offer, .accept] {
            try await harness.accept(Harness.submission("\(action)", Harness.share(action)))
            try await harness.catalog.share(harness.claimOne(.share).lease)
        }
        try await harness.accept(copy("gift", to: "image-3", owner: "acct-3", account: "acct-2"))
        #expect(try await harness.end(of: "gift") == .failed(.notOwner))
    }

    @Test("A circle through the image that a copy makes is found when it is closed")
    func circle() async throws {
        try await harness.activeImage()
        try await harness.accept(
            Harness.submission("s", Harness.share(.offer, of: "image-2")), copy("c", to: "image-2", after: ["s"]))
        let ends = [try await harness.end(of: "s"), try await harness.end(of: "c")]
        #expect(ends.contains(.failed(.predecessorFailed)), "\(ends)")
        #expect(ends.allSatisfy { $0.state == .failed })
    }

    @Test("No image is a copy of itself")
    func itself() async throws {
        try await harness.accept(copy("c", to: "image-1"))
        #expect(try await harness.end(of: "c") == .failed(.imageExists))
        #expect(try await harness.catalog.read { try $0.image(CatalogSamples.id("image-1")) } == nil)
    }

    @Test("A new image counts against its owner's limits, and so do its bytes")
    func quota() async throws {
        let harness = Harness(limits: CatalogLimits(ownerImages: 2, ownerBytes: 1_500_000_000))
        try await harness.activeImage()
        try await harness.accept(
            copy("c-1", to: "image-2", account: "acct-1"), copy("c-2", to: "image-3", account: "acct-1"))
        #expect(try await harness.end(of: "c-2") == .failed(.quotaExceeded))
        let claimed = try await harness.claimOne(.copy)
        let order = try #require(try await harness.catalog.beginCopy(claimed.lease))
        _ = try await harness.catalog.beginTransfer(
            claimed.lease, to: order.store, expecting: CatalogSamples.content.size)
        await #expect(throws: CatalogError(.quotaExceeded, "")) {
            _ = try await harness.catalog.beginTransfer(
                claimed.lease, to: CatalogSamples.id("eu-2"), expecting: CatalogSamples.content.size)
        }
    }
}

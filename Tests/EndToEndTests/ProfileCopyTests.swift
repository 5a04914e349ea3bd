import TestSupport
import Testing

/// The way of an image through every kind of job, under each vendor's profile, with the vendor's words at each step.
@Suite("An image's whole life in a vendor's words", .needsBroker, .timeLimit(.minutes(10)))
struct ProfileCopyTests {
    private static let second = ["stores.second.url": "file://{site}/second"]

    /// Publishes a job on an owner's or a member's behalf and returns its end.
    private func run(_ site: Site, _ job: JSON, by account: String) async throws -> Received {
        try await site.publish(job.setting("actor", "account", to: .string(account)))
        return try await site.end(of: job["id"].text ?? "")
    }

    private func share(_ site: Site, _ id: String, _ action: String, _ image: String, _ member: String = "acct-2")
        -> JSON
    {
        site.job("share", id, image: image)
            .setting("share", to: ["action": .string(action), "member": .string(member)])
    }

    /// The views of a job's events, progress apart.
    private func views(_ site: Site, of job: String) async throws -> [JSON] {
        try await site.settledEvents().of(job).filter { $0.phase != "progress" }.map { $0.data["view"] }
    }

    @Test("`ims`: import, share, accept, copy by the member, delete")
    func ims() async throws {
        try await withSite { site in
            site.origin.serve("/a.qcow2", .bytes(try ProfileTests.qcow2(virtualSize: "10G")))
            let worker = try site.startWorker()
            let job = site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                .setting("image", "profile", to: "ims").setting("image", "min_disk_gib", to: 40)
                .setting("image", "properties", to: ["ims.__os_version": "Ubuntu 24.04 server 64bit"])
            #expect(try await run(site, job, by: "acct-1").data["view", "status"].text == "active")

            // Before the member has accepted, it may not copy.
            let early = try await run(site, share(site, "job-2", "offer", "image-1"), by: "acct-1")
            #expect(early.data["share", "status"].text == "pending")
            let refused = try await run(
                site, site.copy("job-3", of: "image-1", toNew: "early", by: "acct-2"), by: "acct-2")
            #expect(refused.errorCode == "not_member" && refused.data["view"] == .null)
            let accepted = try await run(site, share(site, "job-4", "accept", "image-1"), by: "acct-2")
            #expect(accepted.data["share", "status"].text == "accepted")

            let copied = try await run(
                site, site.copy("job-5", of: "image-1", toNew: "image-2", by: "acct-2"), by: "acct-2")
            #expect(copied.phase == "completed")
            let steps = try await views(site, of: "job-5")
            #expect(steps.map { $0["status"].text } == ["queued", "saving", "active"])
            let view = copied.data["view"]
            #expect(view["owner"].text == "acct-2" && view["name"].text == "copy-of-it")
            #expect(view["__originalimagename"].text == "image-1" && view["__data_origin"].text == "")
            #expect(view["__os_version"].text == "Ubuntu 24.04 server 64bit" && view["virtual_size"].number == 10 << 30)
            #expect(view["visibility"].text == "private" && view["protected"] == .bool(false))
            let shown = try await site.run("jobs", "show", "job-5", "--view", "ims")
            #expect(shown.json["job_type"].text == "imsCopyImageInRegionJob" && shown.json["status"].text == "SUCCESS")

            let misnamed = site.job("copy", "job-6", image: "image-1")
                .setting("to", to: ["image": ["id": "image-3", "name": " a/b"]])
            let rules = try await run(site, misnamed, by: "acct-1")
            #expect(rules.errorCode == "rule_violated" && rules.data["view", "status"].text == "killed")
            #expect(rules.data["error", "violations"].elements.map { $0["path"].text } == ["/to/image/name"])
            for (id, image, account) in [("job-7", "image-1", "acct-1"), ("job-8", "image-2", "acct-2")] {
                let deleted = try await run(site, site.job("delete", id, image: image), by: account)
                #expect(deleted.data["view", "status"].text == "deleted")
            }
            try await site.expectSoundness(of: (1...8).map { "job-\($0)" }, after: worker)
            #expect(site.objects.isEmpty)
        }
    }

    @Test("Sources that only the vendor's own services can read are refused with the reason, and nothing is fetched")
    func vendorSources() async throws {
        try await withSite(["profiles.zstack.stores": "default=ae840e03a0044b759b0a8c09a141a46b"]) { site in
            let worker = try site.startWorker()
            let sources = [
                ("ims", "my-bucket:images/ubuntu.qcow2", "s3://my-bucket/"),
                ("zstack", "volume://f2f7a6dd2d2b4e3b8b3a6c1b3a6c1b3a", "vendor's own hosts"),
                ("zstack", "upload://ubuntu.qcow2", "vendor's own hosts"),
                (nil, "volume://f2f7a6dd2d2b4e3b8b3a6c1b3a6c1b3a", "scheme"),
            ]
            for (number, (profile, url, reason)) in sources.enumerated() {
                var job = site.importJob("job-\(number)", image: "fccc12fee6a411d68c42763ded70563\(number)", path: "/")
                    .setting("source", "url", to: .string(url)).setting("image", "min_disk_gib", to: 40)
                if let profile { job = job.setting("image", "profile", to: .string(profile)) }
                try await site.publish(job)
                let end = try await site.end(of: "job-\(number)")
                #expect(end.errorCode == "source_denied", "\(url): \(end)")
                #expect(end.data["error", "message"].text?.contains(reason) == true, "\(url): \(end)")
            }
            try await site.stop(worker)
        }
    }

    @Test("`scp`: import, share, accept; its copy is refused, and a snapshot's is the shared image")
    func scp() async throws {
        try await withSite(["profiles.scp.fields": "srn=srn:s::acct-1:image/{id}"]) { site in
            site.origin.serve("/a.qcow2", .bytes(try ProfileTests.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            func job(_ id: String, _ image: String, _ visibility: String, _ properties: JSON) -> JSON {
                site.importJob(id, image: image, path: "/a.qcow2")
                    .setting("image", "profile", to: "scp").setting("image", "visibility", to: .string(visibility))
                    .setting("image", "min_disk_gib", to: 16).setting("image", "min_ram_mib", to: 1_024)
                    .setting("image", "os", to: ["distro": "rocky"]).setting("image", "properties", to: properties)
                    .setting("image", "name", to: "rocky 9")
            }
            _ = try await run(site, job("job-1", "image-1", "shared", [:]), by: "acct-1")
            let offer = try await run(site, share(site, "job-2", "offer", "image-1"), by: "acct-1")
            #expect(offer.data["view", "sharing_status"][0]["status"].text == "Pending")
            let accept = try await run(site, share(site, "job-3", "accept", "image-1"), by: "acct-2")
            #expect(accept.data["view", "sharing_status"][0]["status"].text == "Accepted")
            let refused = try await run(
                site, site.copy("job-4", of: "image-1", toNew: "no", by: "acct-1"), by: "acct-1")
            #expect(refused.errorCode == "policy_denied")

            let snapshot = job("job-5", "image-2", "private", ["scp.image_type": "Snapshot-Based"])
            let imported = try await run(site, snapshot, by: "acct-1").data["view"]
            #expect(imported["image_type"].text == "Snapshot-Based" && imported["visibility"].text == "Private")
            let unshared = try await run(site, share(site, "job-6", "offer", "image-2"), by: "acct-1")
            #expect(unshared.errorCode == "not_shareable")
            let copied = try await run(
                site, site.copy("job-7", of: "image-2", toNew: "image-3", by: "acct-1"), by: "acct-1")
            let steps = try await views(site, of: "job-7")
            #expect(steps.map { $0["image_status"].text } == ["Queued", "Importing", "Active"])
            #expect(copied.data["view", "image_type"].text == "Image-Based")
            #expect(copied.data["view", "visibility"].text == "Shared")
            #expect(copied.data["view", "image_file_url"] == .null)
            let shared = try await run(site, share(site, "job-8", "offer", "image-3"), by: "acct-1")
            #expect(shared.data["view", "sharing_status"][0]["approved_account_id"].text == "acct-2")
            try await site.expectSoundness(of: (1...8).map { "job-\($0)" }, after: worker)
        }
    }

    @Test("`zstack`: import, replica, share, delete of one replica, delete")
    func zstack() async throws {
        let storages = ["ae840e03a0044b759b0a8c09a141a46b", "be840e03a0044b759b0a8c09a141a46b"]
        let settings = ["profiles.zstack.stores": "default=\(storages[0]),second=\(storages[1])"]
        try await withSite(settings.merging(Self.second) { $1 }) { site in
            site.origin.serve("/a.qcow2", .bytes(try ProfileTests.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            let image = "fccc12fee6a411d68c42763ded705630"
            let job = site.importJob("job-1", image: image, path: "/a.qcow2").setting("image", "profile", to: "zstack")
            _ = try await run(site, job, by: "acct-1")
            let copied = try await run(site, site.copy("job-2", of: image, to: "second"), by: "acct-1")
            let rows = copied.data["view", "inventories"][0]["backupStorageRefs"].elements
            #expect(rows.map { $0["backupStorageUuid"].text } == storages)
            #expect(rows.map { $0["status"].text } == ["Ready", "Ready"])
            let steps = try await views(site, of: "job-2").map { $0["inventories"][0]["status"].text }
            #expect(steps == ["Ready", "Ready", "Ready"])
            let shared = try await run(site, share(site, "job-3", "offer", image), by: "acct-1")
            #expect(shared.data["share", "status"].text == "accepted")
            let one = site.job("delete", "job-4", image: image).setting("delete", to: ["store": "default"])
            let left = try await run(site, one, by: "acct-1").data["view", "inventories"][0]
            #expect(left["status"].text == "Ready")
            #expect(left["backupStorageRefs"].elements.map { $0["backupStorageUuid"].text } == [storages[1]])
            let deleted = try await run(site, site.job("delete", "job-5", image: image), by: "acct-1")
            #expect(deleted.data["view", "inventories"][0]["backupStorageRefs"].elements.isEmpty)
            let new = try await run(
                site, site.copy("job-6", of: image, toNew: "image-2", by: "acct-1"), by: "acct-1")
            #expect(new.phase == "failed")
            try await site.expectSoundness(of: (1...6).map { "job-\($0)" }, after: worker)
            #expect(site.objects.isEmpty)
        }
    }

    @Test("`ncp`: import, copy, share that needs no acceptance, revoke, delete")
    func ncp() async throws {
        let fields = "hypervisorType=KVM,serverImageProductCode=SW.1,platformCategoryCode=LNX64"
        try await withSite(["profiles.ncp.fields": fields].merging(Self.second) { $1 }) { site in
            site.origin.serve("/a.qcow2", .bytes(try ProfileTests.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            let job = site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                .setting("image", "profile", to: "ncp").setting("image", "name", to: "web-1")
                .setting("image", "os", to: ["type": "linux", "distro": "ubuntu", "arch": "x86_64"])
            _ = try await run(site, job, by: "acct-1")
            _ = try await run(site, site.copy("job-2", of: "image-1", to: "second"), by: "acct-1")
            let steps = try await views(site, of: "job-2")
            #expect(steps.map { $0["serverImageStatusName"].text } == ["created", "copying", "created"])
            #expect(steps.map { $0["serverImageOperation", "code"].text } == ["NULL", "COPY", "NULL"])
            #expect(steps.allSatisfy { $0["serverImageStatus", "code"].text == "CREAT" })
            let shared = try await run(site, share(site, "job-3", "offer", "image-1", "kim@example.com"), by: "acct-1")
            #expect(shared.data["view", "sharedLoginIdList"].elements.map(\.text) == ["kim@example.com"])
            #expect(shared.data["share", "status"].text == "accepted")
            let revoked = try await run(
                site, share(site, "job-4", "revoke", "image-1", "kim@example.com"), by: "acct-1")
            #expect(revoked.data["view", "sharedLoginIdList"].elements.isEmpty)
            let deleted = try await run(site, site.job("delete", "job-5", image: "image-1"), by: "acct-1")
            #expect(deleted.data["view", "serverImageStatusName"].text == "terminated")
            try await site.expectSoundness(of: (1...5).map { "job-\($0)" }, after: worker)
            #expect(site.objects.isEmpty)
        }
    }
}

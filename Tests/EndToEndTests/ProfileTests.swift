import Foundation
import TestSupport
import Testing

@Suite("Vendors' profiles", .needsBroker, .timeLimit(.minutes(10)))
struct ProfileTests {
    /// A real image, as the format's own tool makes it.
    static func qcow2(virtualSize: String) throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).qcow2")
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/qemu-img")
        process.arguments = ["create", "-q", "-f", "qcow2", file.path, virtualSize]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return Array(try Data(contentsOf: file))
    }

    /// The views of a job's events, in the order of the events.
    private func views(_ site: Site, of job: String) async throws -> [JSON] {
        try await site.settledEvents().of(job).filter { $0.phase != "progress" }.map { $0.data["view"] }
    }

    @Test("An import under `ims` speaks of queued, saving and active, and its sharing waits for the member")
    func ims() async throws {
        try await withSite { site in
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "10G")))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                    .setting("image", "profile", to: "ims").setting("image", "min_disk_gib", to: 40)
                    .setting("image", "owner", to: "acct-1").setting("digests", to: ["sha256", "md5"])
                    .setting("image", "properties", to: ["ims.__os_version": "Ubuntu 24.04 server 64bit"]))
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "completed")
            let imported = try await views(site, of: "job-1")
            #expect(imported.map { $0["status"].text } == ["queued", "saving", "active"])
            #expect(imported.first?["__image_size"].text == "0")
            #expect(imported.last?["checksum"].text == end.data["image", "digests", "md5"].text)
            #expect(imported.last?["__platform"].text == "Ubuntu")
            #expect(imported.last?["virtual_size"].number == 10 << 30)

            try await site.publish(
                site.job("share", "job-2", image: "image-1")
                    .setting("share", to: ["action": "offer", "member": "acct-2"]))
            #expect(try await site.end(of: "job-2").data["share", "status"].text == "pending")
            try await site.publish(
                site.job("share", "job-3", image: "image-1")
                    .setting("share", to: ["action": "accept", "member": "acct-2"]))
            #expect(try await site.end(of: "job-3").data["share", "status"].text == "accepted")
            try await site.publish(site.job("delete", "job-4", image: "image-1"))
            #expect(try await site.end(of: "job-4").data["view", "status"].text == "deleted")
            try await site.stop(worker)
        }
    }

    @Test("A zvhd2 is taken as it is, with a warning that tells so; what only says that it is one is refused")
    func opaque() async throws {
        try await withSite { site in
            let bytes = PatternBytes(size: 200_000, seed: 3).all
            site.origin.serve("/a.zvhd2", .bytes(bytes))
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "1G")))
            func job(_ id: String, _ path: String) -> JSON {
                site.importJob(id, path: path)
                    .setting("image", "profile", to: "ims").setting("image", "min_disk_gib", to: 40)
                    .setting(
                        "image", "properties",
                        to: ["ims.disk_format": "zvhd2", "ims.__os_version": "Ubuntu 24.04 server 64bit"])
            }
            let worker = try site.startWorker()
            try await site.publish(job("job-1", "/a.zvhd2"))
            let end = try await site.end(of: "job-1")
            try await site.publish(job("job-2", "/a.qcow2"))
            let other = try await site.end(of: "job-2")
            try await site.stop(worker)
            #expect(end.phase == "completed", "\(end.json)")
            #expect(end.data["view", "disk_format"].text == "zvhd2")
            #expect(end.data["image", "findings"][0]["rule"].text == "opaque_format")
            #expect(try await site.storedBytes(of: "image-of-job-1") == bytes)
            #expect(other.errorCode == "format_mismatch")
        }
    }

    @Test("An import that breaks its profile's rules fails with all of them, and nothing is fetched")
    func violations() async throws {
        try await withSite { site in
            site.origin.serve("/a.vmdk", .pattern(size: 10))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/a.vmdk").setting("image", "profile", to: "ims")
                    .setting("image", "name", to: "a/b").setting("image", "min_disk_gib", to: 5)
                    .setting("expect", to: ["format": "vmdk"]))
            let end = try await site.end(of: "job-1")
            try await site.publish(
                site.importJob("job-2", image: "image-2", path: "/a.vmdk").setting("image", "profile", to: "aws"))
            let unknown = try await site.end(of: "job-2")
            try await site.stop(worker)
            #expect(end.errorCode == "rule_violated")
            #expect(
                end.data["error", "violations"].elements.map { $0["path"].text }
                    == ["/image/name", "/image/min_disk_gib", "/expect/format"])
            #expect(end.data["view", "status"].text == "killed")
            #expect(unknown.data["error", "violations"].elements.map { $0["value"].text } == ["aws"])
            #expect(site.origin.journal.entries.requests(for: "/a.vmdk").isEmpty)
        }
    }

    @Test("What the bytes turn out to be is judged before they are committed")
    func content() async throws {
        try await withSite { site in
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "40G")))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                    .setting("image", "profile", to: "ims").setting("image", "min_disk_gib", to: 40))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.errorCode == "rule_violated")
            #expect(end.data["error", "violations"].elements.map { $0["path"].text } == ["/image/min_disk_gib"])
            #expect(site.objects.isEmpty && site.staged.isEmpty)
        }
    }

    @Test("Under `ims` an image that is being created is not deleted, and its import goes on; once it is there it is")
    func busy() async throws {
        try await withSite { site in
            let gate = Gate()
            let bytes = try Self.qcow2(virtualSize: "10G")
            site.origin.serve("/a.qcow2", .bytes(bytes).holding(after: 100, until: gate))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                    .setting("image", "profile", to: "ims").setting("image", "min_disk_gib", to: 40))
            await site.origin.journal.wait { $0.held["/a.qcow2"] == 1 }
            try await site.publish(site.job("delete", "job-2", image: "image-1"))
            let refused = try await site.end(of: "job-2")
            #expect(refused.errorCode == "image_busy" && refused.data["view", "status"].text == "saving")
            gate.open()
            #expect(try await site.end(of: "job-1").data["view", "status"].text == "active")
            try await site.publish(site.job("delete", "job-3", image: "image-1"))
            #expect(try await site.end(of: "job-3").data["view", "status"].text == "deleted")
            try await site.stop(worker)
            #expect(site.objects.isEmpty)
        }
    }

    @Test("An update obeys the profile too: what it breaks is named, all at once, and the image stays as it was")
    func updates() async throws {
        try await withSite { site in
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "30G")))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                    .setting("image", "profile", to: "ims").setting("image", "min_disk_gib", to: 40))
            let before = try await site.end(of: "job-1")
            #expect(before.phase == "completed")
            let wrong: JSON = ["name": " x", "min_disk_gib": 30, "properties": ["ims.hw_firmware_type": "efi"]]
            try await site.publish(site.job("update", "job-2", image: "image-1").setting("set", to: wrong))
            let refused = try await site.end(of: "job-2")
            #expect(refused.errorCode == "rule_violated")
            #expect(
                refused.data["error", "violations"].elements.compactMap { $0["path"].text }.sorted()
                    == ["/set/min_disk_gib", "/set/name", "/set/properties/ims.hw_firmware_type"])
            #expect(refused.data["view", "name"] == before.data["view", "name"])
            let right: JSON = ["name": "x", "min_disk_gib": 31, "properties": ["ims.hw_firmware_type": "uefi"]]
            try await site.publish(site.job("update", "job-3", image: "image-1").setting("set", to: right))
            let view = try await site.end(of: "job-3").data["view"]
            #expect(view["name"].text == "x" && view["min_disk"].number == 31)
            #expect(view["hw_firmware_type"].text == "uefi")
            try await site.stop(worker)
        }
    }

    @Test("Under `scp` a shared image is offered and approved, and its copy is refused")
    func scp() async throws {
        try await withSite(["profiles.scp.fields": "srn=srn:s::acct-1:image/{id}"]) { site in
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                    .setting("image", "profile", to: "scp").setting("image", "visibility", to: "shared")
                    .setting("image", "min_disk_gib", to: 16).setting("image", "min_ram_mib", to: 1_024)
                    .setting("image", "os", to: ["distro": "rocky"])
                    .setting("actor", to: ["user": "kim@example.com"]))
            #expect(try await site.end(of: "job-1").phase == "completed")
            let imported = try await views(site, of: "job-1")
            #expect(imported.map { $0["image_status"].text } == ["Queued", "Importing", "Active"])
            #expect(imported.last?["srn"].text == "srn:s::acct-1:image/image-1")
            #expect(imported.last?["creator"].text == "kim@example.com")
            #expect(imported.last?["image_file_url"].text == site.origin.url("/a.qcow2"))
            #expect(imported.last?["image_size"].text == "1GB")
            for (job, action, word) in [("job-2", "offer", "Pending"), ("job-3", "accept", "Accepted")] {
                try await site.publish(
                    site.job("share", job, image: "image-1")
                        .setting("share", to: ["action": .string(action), "member": "acct-2"]))
                let rows = try await site.end(of: job).data["view", "sharing_status"].elements
                #expect(rows.map { $0["status"].text } == [word])
            }
            try await site.stop(worker)
        }
    }

    @Test("Under `zstack` the inventory has a row for the replica, and sharing needs no acceptance")
    func zstack() async throws {
        let storage = "ae840e03a0044b759b0a8c09a141a46b"
        try await withSite(["profiles.zstack.stores": "default=\(storage)"]) { site in
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            let image = "fccc12fee6a411d68c42763ded705630"
            try await site.publish(
                site.importJob("job-1", image: image, path: "/a.qcow2").setting("image", "profile", to: "zstack"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            let inventories = try await views(site, of: "job-1").map { $0["inventories"][0] }
            #expect(inventories.map { $0["status"].text } == ["Downloading", "Downloading", "Ready"])
            #expect(inventories.last?["backupStorageRefs"][0]["backupStorageUuid"].text == storage)
            #expect(inventories.last?["size"].number == 1 << 30)
            try await site.publish(
                site.job("share", "job-2", image: image)
                    .setting("share", to: ["action": "offer", "member": "acct-2"]))
            #expect(try await site.end(of: "job-2").data["share", "status"].text == "accepted")
            try await site.publish(site.job("delete", "job-3", image: image))
            let deleted = try await site.end(of: "job-3").data["view", "inventories"][0]
            #expect(deleted["status"].text == "longshore:deleted")
            #expect(deleted["backupStorageRefs"].elements.isEmpty)
            try await site.stop(worker)
        }
    }

    @Test("Under `ncp` status and operation combine to the name, and a share lists the login id at once")
    func ncp() async throws {
        let fields = "hypervisorType=KVM,serverImageProductCode=SW.1,platformCategoryCode=LNX64"
        try await withSite(["profiles.ncp.fields": fields]) { site in
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/a.qcow2")
                    .setting("image", "profile", to: "ncp").setting("image", "name", to: "web-1")
                    .setting("image", "os", to: ["type": "linux", "distro": "ubuntu", "arch": "x86_64"]))
            #expect(try await site.end(of: "job-1").phase == "completed")
            let names = try await views(site, of: "job-1").map { $0["serverImageStatusName"].text }
            #expect(names == ["initialized", "creating", "created"])
            for (job, action, logins) in [("job-2", "offer", ["kim@example.com"]), ("job-3", "revoke", [])] {
                try await site.publish(
                    site.job("share", job, image: "image-1")
                        .setting("share", to: ["action": .string(action), "member": "kim@example.com"]))
                let list = try await site.end(of: job).data["view", "sharedLoginIdList"].elements
                #expect(list.map(\.text) == logins)
            }
            try await site.publish(site.job("delete", "job-4", image: "image-1"))
            #expect(try await site.end(of: "job-4").data["view", "serverImageStatusName"].text == "terminated")
            try await site.stop(worker)
        }
    }

    @Test("`images show --view` and `jobs show --view` speak a vendor's words")
    func commands() async throws {
        try await withSite { site in
            site.origin.serve("/a.qcow2", .bytes(try Self.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/a.qcow2"))
            _ = try await site.end(of: "job-1")
            try await site.stop(worker)
            let image = try await site.run("images", "show", "image-1", "--view", "ims")
            #expect(image.end == .exited(0))
            #expect(image.json["status"].text == "active")
            let job = try await site.run("jobs", "show", "job-1", "--view", "ims")
            #expect(job.end == .exited(0))
            #expect(job.json["status"].text == "SUCCESS")
            let unknown = try await site.run("images", "show", "image-1", "--view", "aws")
            #expect(unknown.end == .exited(2))
        }
    }
}

import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Deleted images that can be restored", .needsBroker, .timeLimit(.minutes(10)))
struct PendingDeleteTests {
    @Test("A deleted image is kept for its time and can be restored; a sweep after that deletes it for good")
    func restore() async throws {
        try await withSite(["retention.pending_delete": "30d"]) { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            try await site.publish(site.job("delete", "job-2", image: "image-1"))
            let deleted = try await site.end(of: "job-2")
            #expect(deleted.phase == "completed" && deleted.data["image", "status"].text == "pending_delete")
            #expect(site.objects.count == 1)
            let shown = try await site.run("images", "show", "image-1", "--view", "ims")
            #expect(shown.json["status"].text == "deleted")
            try await site.publish(
                site.job("update", "job-3", image: "image-1").setting("set", to: ["deleted": false]))
            #expect(try await site.end(of: "job-3").data["image", "status"].text == "active")
            try await site.publish(site.job("delete", "job-3a", image: "image-1"))
            _ = try await site.end(of: "job-3a")
            let restored = try await site.run("update", "image-1", "--restore", "--wait")
            #expect(restored.end == .exited(0))
            #expect(try await site.image("image-1").status == .active)
            try await site.publish(site.job("delete", "job-4", image: "image-1"))
            _ = try await site.end(of: "job-4")
            #expect(try await site.run("sweep", "--json").json["images"].number == 0)

            let short = ["retention.pending_delete": "1ms"]
            #expect(try await site.run("sweep", "--dry-run", "--json", overrides: short).json["images"].number == 1)
            #expect(site.objects.count == 1)
            try await site.stop(worker)
            let second = try site.startWorker(short)
            _ = try await site.run("sweep", overrides: short)
            let gone = try await site.events.first("the last delete", limit: .patience) { event in
                event.step == "delete.completed" && event.data["image", "status"].text == "deleted" ? event : nil
            }
            #expect(gone.json["subject"].text == "image-1")
            try await site.stop(second)
            #expect(site.objects.isEmpty)
        }
    }

    @Test("A profile may keep its images for another time, or not at all")
    func profile() async throws {
        let settings = [
            "retention.pending_delete": "30d", "profiles.scp.pending_delete": "0s",
            "profiles.scp.fields": "srn=srn:s::acct-1:image/{id}",
        ]
        try await withSite(settings) { site in
            site.origin.serve("/a.qcow2", .bytes(try ProfileTests.qcow2(virtualSize: "1G")))
            let worker = try site.startWorker()
            for (number, profile) in ["scp", "ims"].enumerated() {
                let image = "image-\(number)"
                try await site.publish(
                    site.importJob("i-\(number)", image: image, path: "/a.qcow2")
                        .setting("image", "profile", to: .string(profile)).setting("image", "min_disk_gib", to: 16)
                        .setting("image", "visibility", to: "private").setting("image", "min_ram_mib", to: 1_024)
                        .setting("image", "os", to: ["distro": "rocky"]))
                #expect(try await site.end(of: "i-\(number)").phase == "completed")
                try await site.publish(site.job("delete", "d-\(number)", image: image))
                let status = try await site.end(of: "d-\(number)").data["image", "status"].text
                #expect(status == (profile == "scp" ? "deleted" : "pending_delete"))
            }
            try await site.stop(worker)
            #expect(site.objects.count == 1)
        }
    }
}

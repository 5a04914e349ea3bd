import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Races on one image", .needsBroker, .timeLimit(.minutes(10)))
struct RaceTests {
    private static let twoStores = ["stores.second.url": "file://{site}/second"]

    /// Goal: the state machine holds whatever runs at once. Method: seeded jobs of every kind on one image, two thirds of
    /// the way a delete of it; judged by the oracle.
    @Test("A hundred mixed jobs by four workers leave nothing lost, doubled, orphaned or wrong", arguments: [1, 2])
    func mixture(_ seed: UInt64) async throws {
        try await withSite(Self.twoStores) { site in
            site.origin.serve("/image", .pattern(size: 1 << 20 + 5))
            let workers = try (0..<4).map { _ in try site.startWorker() }
            try await site.publish(site.importJob("import", image: "image-1", path: "/image"))
            _ = try await site.end(of: "import")
            var dice = SplitMix(state: seed)
            var ids = ["import"]
            for number in 1...100 {
                let id = "job-\(number)"
                let job =
                    number == 66
                    ? site.job("delete", id, image: "image-1") : mixedJob(id, number, ids: ids, on: site, &dice)
                ids.append(id)
                try await site.publish(job)
            }
            try await site.expectSoundness(of: ids, after: workers[0], workers[1], workers[2], workers[3])
            #expect(try await site.image("image-1").status == .deleted)
        }
    }

    private func mixedJob(
        _ id: String, _ number: Int, ids: [String], on site: Site, _ dice: inout SplitMix
    ) -> JSON {
        let stores = ["default", "second"]
        switch dice.number(1...100) {
        case 1...25:
            let action = dice.one(of: ["offer", "accept", "reject", "revoke"]) ?? "offer"
            return site.job("share", id, image: "image-1")
                .setting("share", to: ["action": .string(action), "member": .string("acct-\(dice.number(1...3))")])
        case 26...45:
            return site.job("update", id, image: "image-1").setting("set", to: ["name": .string("named by \(id)")])
        case 46...62: return site.copy(id, of: "image-1", to: stores[dice.number(0...1)])
        case 63...77: return site.copy(id, of: "image-1", toNew: "new-\(number)")
        case 78...87:
            return site.job("delete", id, image: "image-1")
                .setting("delete", to: ["store": .string(stores[dice.number(0...1)])])
        // Not of the delete, which is to have its end.
        default: return site.cancel(id, of: dice.one(of: ids.filter { $0 != "job-66" }) ?? "import")
        }
    }

    /// Goal: a delete wins cleanly at every stage of a copy. Method: it is sent before the copy is accepted, when it is,
    /// when it has begun, and at moments after that.
    @Test("A delete of either image ends a copy at every stage, and nothing lies about", arguments: ["old", "new"])
    func deleteAgainstCopy(_ side: String) async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 20 << 20))
            let worker = try site.startWorker()
            var ids: [String] = []
            for number in 0..<8 {
                let (old, new) = ("old-\(number)", "new-\(number)")
                try await site.publish(site.importJob("i-\(number)", image: old, path: "/image"))
                _ = try await site.end(of: "i-\(number)")
                let delete = site.job("delete", "d-\(number)", image: side == "old" ? old : new)
                try await site.publish(site.copy("c-\(number)", of: old, toNew: new))
                if number > 0 { try await site.event("accepted", of: "c-\(number)") }
                if number > 1 { try await site.event("started", of: "c-\(number)") }
                if number > 2 { try await Task.sleep(for: .milliseconds(number * 15)) }
                try await site.publish(delete)
                let copied = try await site.end(of: "c-\(number)")
                #expect(["completed", "cancelled", "failed"].contains(copied.phase), "\(copied)")
                #expect(try await site.end(of: "d-\(number)").phase == "completed")
                ids += ["i-\(number)", "c-\(number)", "d-\(number)"]
            }
            try await site.expectSoundness(of: ids, after: worker)
        }
    }

    /// Goal: a delete wins cleanly at every stage of an import. Method: it is sent before the import is accepted, when it is,
    /// when it has begun, when its source stalls, and at moments after it has begun.
    @Test("A delete ends an import at every stage, and nothing lies about")
    func deleteAgainstImport() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 5 << 20))
            site.origin.serve("/held", .pattern(size: 5 << 20).holding(after: 4 << 20, until: gate))
            let worker = try site.startWorker()
            var ids: [String] = []
            for number in 0..<8 {
                let (job, image) = ("i-\(number)", "image-\(number)")
                let isHeld = number == 3
                try await site.publish(site.importJob(job, image: image, path: isHeld ? "/held" : "/image"))
                if number > 0 { try await site.event("accepted", of: job) }
                if number > 1 { try await site.event("started", of: job) }
                if isHeld { await site.origin.journal.wait { $0.held["/held"] == 1 } }
                if number > 3 { try await Task.sleep(for: .milliseconds((number - 3) * 10)) }
                try await site.publish(site.job("delete", "d-\(number)", image: image))
                let imported = try await site.end(of: job)
                #expect(["completed", "cancelled"].contains(imported.phase), "\(imported)")
                if isHeld { #expect(imported.phase == "cancelled") }
                #expect(try await site.end(of: "d-\(number)").phase == "completed")
                #expect(try await site.image(image).status == .deleted)
                ids += [job, "d-\(number)"]
            }
            try await site.expectSoundness(of: ids, after: worker)
            #expect(site.objects.isEmpty && site.staged.isEmpty)
        }
    }

    @Test("A revoke ends no copy that has begun, and lets none begin")
    func revokeAgainstCopy() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 20 << 20))
            let worker = try site.startWorker()
            var ids: [String] = []
            func share(_ id: String, _ action: String, _ image: String) async throws {
                ids.append(id)
                try await site.publish(
                    site.job("share", id, image: image)
                        .setting("share", to: ["action": .string(action), "member": "acct-2"]))
            }
            for number in 0..<6 {
                let image = "image-\(number)"
                ids += ["i-\(number)", "c-\(number)"]
                try await site.publish(
                    site.importJob("i-\(number)", image: image, path: "/image")
                        .setting("image", "owner", to: "acct-1"))
                _ = try await site.end(of: "i-\(number)")
                for action in ["offer", "accept"] {
                    try await share("\(action)-\(number)", action, image)
                    #expect(try await site.end(of: "\(action)-\(number)").phase == "completed")
                }
                let copy = site.copy("c-\(number)", of: image, toNew: "new-\(number)", by: "acct-2")
                if number > 0 { try await site.publish(copy) }
                if number > 1 { try await site.event("started", of: "c-\(number)") }
                try await share("revoke-\(number)", "revoke", image)
                #expect(try await site.end(of: "revoke-\(number)").data["share", "status"].text == "stopped")
                if number == 0 { try await site.publish(copy) }
                let copied = try await site.end(of: "c-\(number)")
                if number == 0 { #expect(copied.errorCode == "not_member", "\(copied)") }
                if number == 1 { #expect(copied.phase == "completed" || copied.errorCode == "not_member") }
                if number > 1 {
                    #expect(copied.phase == "completed" && copied.data["image", "owner"].text == "acct-2", "\(copied)")
                }
            }
            try await site.expectSoundness(of: ids, after: worker)
        }
    }

    @Test("Of two copies to one store at once both succeed, and the store has the image once")
    func twoCopies() async throws {
        try await withSite(Self.twoStores) { site in
            site.origin.serve("/image", .pattern(size: 5 << 20))
            let first = try site.startWorker()
            let second = try site.startWorker()
            try await site.publish(site.importJob("import", image: "image-1", path: "/image"))
            _ = try await site.end(of: "import")
            let ids = (1...4).map { "copy-\($0)" }
            for id in ids { try await site.publish(site.copy(id, of: "image-1", to: "second")) }
            for id in ids {
                let end = try await site.end(of: id)
                #expect(end.phase == "completed" || end.errorCode == "replica_exists", "\(end)")
            }
            try await site.expectSoundness(of: ["import"] + ids, after: first, second)
            #expect(site.objects.count == 2)
        }
    }

    @Test("A share of an image that is about to be deleted is carried out before, or fails with it")
    func shareAgainstDelete() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 100_000))
            let first = try site.startWorker()
            let second = try site.startWorker()
            var ids: [String] = []
            for number in 0..<10 {
                let image = "image-\(number)"
                try await site.publish(site.importJob("i-\(number)", image: image, path: "/image"))
                _ = try await site.end(of: "i-\(number)")
                let share = site.job("share", "s-\(number)", image: image)
                    .setting("share", to: ["action": "offer", "member": "acct-2"])
                let delete = site.job("delete", "d-\(number)", image: image)
                for job in number % 2 == 0 ? [share, delete] : [delete, share] { try await site.publish(job) }
                let shared = try await site.end(of: "s-\(number)")
                #expect(
                    shared.phase == "completed" || ["image_not_active", "image_gone"].contains(shared.errorCode),
                    "\(shared)")
                #expect(try await site.end(of: "d-\(number)").phase == "completed")
                ids += ["i-\(number)", "s-\(number)", "d-\(number)"]
            }
            try await site.expectSoundness(of: ids, after: first, second)
            #expect(site.objects.isEmpty)
        }
    }
}

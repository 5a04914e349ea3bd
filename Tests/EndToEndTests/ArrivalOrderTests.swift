import ImageModel
import TestSupport
import Testing

/// Goal: what becomes of jobs on one image does not depend on the order of their coming. Method: an import that cannot end
/// by itself, a share, a delete and a cancel of the import come in each of the 24 orders; each comes when the catalog has
/// the one before.
@Suite("Every order of an import, a share, a delete and a cancel", .needsBroker, .timeLimit(.minutes(10)))
struct ArrivalOrderTests {
    private static let orders = permutations(of: ["import", "share", "delete", "cancel"])

    private static func permutations(of words: [String]) -> [[String]] {
        guard words.count > 1 else { return [words] }
        return words.flatMap { first in
            permutations(of: words.filter { $0 != first }).map { [first] + $0 }
        }
    }

    @Test(
        "Without `after` the image is deleted in the end; with it what was to follow the import fails",
        arguments: [false, true])
    func everyOrder(_ isChained: Bool) async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 9_000).holding(after: 1_000, until: gate))
            let worker = try site.startWorker()
            var ids: [String] = []
            for (number, order) in Self.orders.enumerated() {
                let jobs = self.jobs(number, isChained: isChained, on: site)
                for kind in order {
                    let id = "\(kind)-\(number)"
                    try await site.publish(#require(jobs[kind]))
                    if kind == "cancel" {
                        _ = try await site.end(of: id)
                    } else {
                        try await site.event("accepted", of: id)
                    }
                    ids.append(id)
                }
                try await expectEnds(number, order, isChained: isChained, on: site)
            }
            try await site.expectSoundness(of: ids, after: worker)
            #expect(site.objects.isEmpty && site.staged.isEmpty)
        }
    }

    private func jobs(_ number: Int, isChained: Bool, on site: Site) -> [String: JSON] {
        let image = "image-\(number)"
        var share = site.job("share", "share-\(number)", image: image)
            .setting("share", to: ["action": "offer", "member": "acct-2"])
        var delete = site.job("delete", "delete-\(number)", image: image)
        if isChained {
            share = share.setting("after", to: [.string("import-\(number)")])
            delete = delete.setting("after", to: [.string("share-\(number)")])
        }
        return [
            "import": site.importJob("import-\(number)", image: image, path: "/image"), "share": share,
            "delete": delete, "cancel": site.cancel("cancel-\(number)", of: "import-\(number)"),
        ]
    }

    private func expectEnds(_ number: Int, _ order: [String], isChained: Bool, on site: Site) async throws {
        let imported = try await site.end(of: "import-\(number)")
        #expect(imported.phase == "cancelled", "\(order): \(imported)")
        let shared = try await site.end(of: "share-\(number)")
        let deleted = try await site.end(of: "delete-\(number)")
        #expect(shared.phase == "failed", "\(order): \(shared)")
        let status = try await site.image("image-\(number)").status
        if isChained {
            #expect(shared.errorCode == "predecessor_failed" && deleted.errorCode == "predecessor_failed", "\(order)")
            #expect(status == .cancelled, "\(order)")
        } else {
            #expect(["image_not_active", "image_gone"].contains(shared.errorCode), "\(order): \(shared)")
            #expect(deleted.phase == "completed" && status == .deleted, "\(order): \(deleted)")
        }
        let cancel = try await site.end(of: "cancel-\(number)")
        #expect(cancel.phase == "completed" || cancel.errorCode == "job_finished", "\(order): \(cancel)")
    }
}

import TestSupport
import Testing

@Suite("Copies to, from and within S3", .needsBroker, .needsS3, .timeLimit(.minutes(10)))
struct S3CopyTests {
    private static let size: Int64 = 21_000_003

    @Test("An image is copied from files to S3 and back, verified on the way, and every replica has the same bytes")
    func toAndFrom() async throws {
        let s3 = try S3Place(bucket: try await RealS3.makeBucket())
        let settings = s3.settings(for: "cloud").merging(["stores.second.url": "file://{site}/second"]) { $1 }
        try await withSite(settings) { site in
            site.origin.serve("/image", .pattern(size: Self.size, seed: 4))
            let bytes = PatternBytes(size: Self.size, seed: 4).all
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("digests", to: ["sha256", "md5"]))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.publish(site.copy("job-2", of: "image-1", to: "cloud"))
            let copied = try await site.end(of: "job-2")
            #expect(copied.phase == "completed", "\(copied.json)")
            #expect(copied.data["image", "locations"].elements.map { $0["store"].text } == ["cloud", "default"])
            let key = try #require(try await s3.images(of: "cloud").first)
            #expect(try await s3.bytes(of: key) == bytes)

            // The next copy can only be read from S3.
            try await site.publish(
                site.job("delete", "job-3", image: "image-1").setting("delete", to: ["store": "default"]))
            #expect(try await site.end(of: "job-3").phase == "completed")
            try await site.publish(site.copy("job-4", of: "image-1", toNew: "image-2"))
            #expect(try await site.end(of: "job-4").phase == "completed")
            #expect(try await site.storedBytes(of: "image-2") == bytes)

            for (job, image) in [("job-5", "image-1"), ("job-6", "image-2")] {
                try await site.publish(site.job("delete", job, image: image))
                #expect(try await site.end(of: job).phase == "completed")
            }
            try await site.stop(worker)
            #expect(try await s3.keys(of: "cloud").isEmpty && site.objects.isEmpty)
            #expect(try await s3.uploads() == 0)
        }
    }

    @Test("Within one endpoint the service copies by itself, and what it made is read again and verified")
    func within() async throws {
        let s3 = try S3Place(bucket: try await RealS3.makeBucket())
        try await withSite(s3.settings(for: "default", "second")) { site in
            site.origin.serve("/image", .pattern(size: Self.size, seed: 4))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            let before = s3.proxy.traffic.value
            try await site.publish(site.copy("job-2", of: "image-1", to: "second"))
            let copied = try await site.end(of: "job-2")
            #expect(copied.phase == "completed", "\(copied.json)")
            let after = s3.proxy.traffic.value
            #expect(after.bytesToServer - before.bytesToServer < 5 << 20)
            #expect(after.bytesToClient - before.bytesToClient > Int(Self.size))
            let key = try #require(try await s3.images(of: "second").first)
            #expect(try await s3.bytes(of: key) == PatternBytes(size: Self.size, seed: 4).all)
            try await site.publish(site.copy("job-3", of: "image-1", toNew: "image-2"))
            #expect(try await site.end(of: "job-3").phase == "completed")
            try await site.publish(site.job("delete", "job-4", image: "image-1"))
            #expect(try await site.end(of: "job-4").phase == "completed")
            try await site.stop(worker)
            // What the new image has outlives the old one.
            #expect(try await s3.images(of: "default").count == 1)
            #expect(try await s3.keys(of: "second").isEmpty)
            #expect(try await s3.uploads() == 0)
        }
    }

    @Test(
        "A copy to S3 whose worker is killed ends once, and leaves nothing behind",
        arguments: [Death("appended", 3), Death("after-commit committing"), Death("stored")])
    func killed(_ death: Death) async throws {
        let s3 = try S3Place(bucket: try await RealS3.makeBucket())
        let quick = ["lease.duration": "1s", "lease.renew": "200ms"]
        try await withSite(s3.settings(for: "cloud").merging(quick) { $1 }) { site in
            site.origin.serve("/image", .pattern(size: Self.size, seed: 4))
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            try await site.stop(first)
            try await site.publish(site.copy("job-2", of: "image-1", to: "cloud"))
            try await site.expectDeath(of: site.startDoomedWorker(death))
            let heir = try await site.startReadyWorker()
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.stop(heir)
            let keys = try await s3.images(of: "cloud")
            #expect(keys.count == 1)
            #expect(try await s3.bytes(of: #require(keys.first)) == PatternBytes(size: Self.size, seed: 4).all)
            #expect(try await s3.uploads() == 0)
        }
    }
}

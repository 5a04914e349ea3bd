import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("S3", .needsBroker, .needsS3, .timeLimit(.minutes(10)))
struct S3Tests {
    private static let canary = "CANARY-b81f"

    private func settings(_ bucket: String, url: String? = nil) throws -> [String: String] {
        let endpoint = try #require(RealS3.url)
        return [
            "stores.default.url": url ?? "s3://\(bucket)/images?credential=objects&endpoint=\(endpoint)",
            "stores.default.part_size": "5MiB", "credentials.objects.type": "s3",
            "credentials.objects.access_key": RealS3.accessKey, "credentials.objects.secret_key": RealS3.secretKey,
            "credentials.objects.endpoint": endpoint, "credentials.objects.urls": "s3://\(bucket)/",
        ]
    }

    @Test(
        "An import into an S3 store whose worker is killed goes on from the parts that are there, and the object is whole"
    )
    func killed() async throws {
        let bucket = try await RealS3.makeBucket()
        try await withSite(settings(bucket)) { site in
            let size: Int64 = 80_000_000
            let gate = Gate()
            let image = OriginAnswer.pattern(size: size, seed: 3).etag("\"v1\"")
            site.origin.serve(
                "/image", image.holding(after: 40 << 20, until: gate), image.holding(after: 72 << 20, until: gate),
                image
            )
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image")
                    .setting("digests", to: ["sha256", "blake2b-512"]).setting("max_attempts", to: 2))
            for (number, checkpoint) in [32, 64].enumerated() {
                let worker = try site.start(["worker", "--log-level", "debug"])
                await site.origin.journal.wait { $0.held["/image"] == number + 1 }
                try await worker.errors.wait(for: "a checkpoint after \(checkpoint) MiB") { lines in
                    lines.contains { $0.contains("Checkpoint written") && $0.contains("bytes=\(checkpoint << 20)") }
                }
                worker.signal(SIGKILL)
                #expect(try await worker.waitForEnd() == .signalled(SIGKILL))
            }
            let last = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(last)
            let ranges = site.origin.journal.entries.requests(for: "/image").map { $0["range"] }
            #expect(ranges == [nil, "bytes=\(32 << 20)-", "bytes=\(64 << 20)-"])
            #expect(try await site.job("job-1").failedAttempts == 0)
            let found = try await site.image("image-1")
            let bytes = PatternBytes(size: size, seed: 3).all
            #expect(found.content?.digests.first { $0.algorithm == .sha256 }?.hex == sha256(bytes))
            let url = try #require(found.replicas.first?.url)
            #expect(url.hasPrefix("s3://\(bucket)/images/objects/"))
            #expect(try await RealS3.request("GET", String(url.dropFirst("s3:/".count))) == bytes)
            let uploads = try await RealS3.request("GET", "/\(bucket)?uploads=")
            #expect(!String(decoding: uploads, as: UTF8.self).contains("<Upload>"))
        }
    }

    /// Goal: a bucket locks nothing, so that a successor goes on from the bytes of a worker that is only frozen; that one
    /// then can neither write nor commit. Method: it is stopped behind a checkpoint, and let go on when the job has ended.
    @Test(
        "A worker that slept through its lease disturbs no successor that went on from its parts",
        arguments: [("the same object", 3), ("one with other bytes under the same tag", 4)] as [(String, UInt64)])
    func frozen(_ served: String, firstSeed: UInt64) async throws {
        let bucket = try await RealS3.makeBucket()
        try await withSite(settings(bucket)) { site in
            let (size, kept) = (Int64(44 << 20), 32 << 20)
            let gate = Gate()
            let old = OriginAnswer.pattern(size: size, seed: firstSeed).etag("\"v1\"")
            let image = OriginAnswer.pattern(size: size, seed: 3).etag("\"v1\"")
            site.origin.serve("/image", old.holding(after: 40 << 20, until: gate), image)
            let first = try site.start(["worker", "--log-level", "debug"])
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image")
                    .setting("digests", to: ["md5", "sha256", "sha512"]))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            try await first.errors.wait(for: "a checkpoint") { $0.contains { $0.contains("Checkpoint written") } }
            try await site.freeze(first)
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            gate.open()
            first.signal(SIGCONT)
            try await site.stop(first)
            try await site.stop(second)
            try await site.expectEndedOnce("job-1")
            let ranges = site.origin.journal.entries.requests(for: "/image").map { $0["range"] }
            #expect(ranges == [nil, "bytes=\(kept)-"])
            let found = try await site.image("image-1")
            let bytes = try await RealS3.request(
                "GET", String(#require(found.replicas.first?.url).dropFirst("s3:/".count)))
            // The digests are those of what lies in the store, whatever the origin says of its tags.
            let served =
                PatternBytes(size: size, seed: firstSeed).all[..<kept] + PatternBytes(size: size, seed: 3).all[kept...]
            #expect(bytes == Array(served))
            #expect(found.content?.wrongDigests(of: bytes) == [])
            let uploads = try await RealS3.request("GET", "/\(bucket)?uploads=")
            #expect(!String(decoding: uploads, as: UTF8.self).contains("<Upload>"))
            let objects = try await RealS3.request("GET", "/\(bucket)?prefix=images%2Fobjects%2F")
            #expect(
                String(decoding: objects, as: UTF8.self).split(separator: "<Key>").dropFirst().count {
                    !$0.contains(".resumed<")
                } == 1)
        }
    }

    @Test("A cancelled import leaves nothing in an S3 store, and a deleted image neither")
    func leavesNothing() async throws {
        let bucket = try await RealS3.makeBucket()
        try await withSite(settings(bucket)) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 12 << 20, seed: 3)
            site.origin.serve("/held", image.holding(after: 11 << 20, until: gate))
            site.origin.serve("/image", image)
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            try await site.publish(site.cancel("job-2", of: "job-1"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            try await site.publish(site.importJob("job-3", image: "image-3", path: "/image"))
            #expect(try await site.end(of: "job-3").phase == "completed")
            try await site.publish(site.job("delete", "job-4", image: "image-3"))
            #expect(try await site.end(of: "job-4").phase == "completed")
            try await site.stop(worker)
            let keys = String(decoding: try await RealS3.request("GET", "/\(bucket)"), as: UTF8.self)
            #expect(keys.components(separatedBy: "<Key>").count == 2 && keys.contains("<Key>images/.longshore</Key>"))
            let uploads = try await RealS3.request("GET", "/\(bucket)?uploads=")
            #expect(!String(decoding: uploads, as: UTF8.self).contains("<Upload>"))
        }
    }

    @Test("An image is imported from s3:// with the keys of a credential, which show nowhere")
    func source() async throws {
        let bucket = try await RealS3.makeBucket()
        let bytes = PatternBytes(size: 3 << 20, seed: 5).all
        try await RealS3.request("PUT", "/\(bucket)/disks/a%20b.raw", body: bytes)
        let place = try #require(RealS3.url?.dropFirst("http://".count))
        var settings = try settings(bucket)
        settings["stores.default.url"] = nil
        settings["stores.default.part_size"] = nil
        settings["fetch.allow_private"] = String(place)
        try await withSite(settings) { site in
            let worker = try site.start(["worker", "--log-level", "trace"])
            let url = JSON.string("s3://\(bucket)/disks/a%20b.raw")
            let job = site.importJob("job-1", image: "image-1", path: "/").setting("source", "url", to: url)
            try await site.publish(job.setting("source", "credential", to: "objects"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.publish(
                site.importJob("job-2", path: "/").setting("source", "url", to: url))
            #expect(try await site.end(of: "job-2").errorCode == "source_denied")
            // The vendor's own form of the same place.
            let vendors = site.importJob("job-3", image: "image-3", path: "/")
                .setting("source", to: ["url": .string("\(bucket):disks/a%20b.raw"), "credential": "objects"])
                .setting("image", "profile", to: "ims").setting("image", "min_disk_gib", to: 40)
            try await site.publish(vendors)
            #expect(try await site.end(of: "job-3").data["view", "status"].text == "active")
            #expect(try await site.storedBytes(of: "image-3") == bytes)
            try await site.stop(worker)
            #expect(try await site.storedBytes(of: "image-1") == bytes)
            let said = worker.errors.entries + worker.output.entries
            #expect(!said.contains { $0.contains(RealS3.secretKey) || $0.contains("Signature=") })
            let events = try await site.settledEvents()
            #expect(!events.contains { String(decoding: $0.body, as: UTF8.self).contains(RealS3.secretKey) })
        }
    }

    @Test("`doctor` says what is wrong with a bucket, with keys and with the URL of an S3 store")
    func doctor() async throws {
        let bucket = try await RealS3.makeBucket()
        let endpoint = try #require(RealS3.url)
        try await withSite(settings(bucket)) { site in
            let new = try await site.run("doctor", "--json")
            #expect(new.output.joined().contains("nobody's yet"), "\(new)")
            let worker = try await site.startReadyWorker()
            try await site.stop(worker)
            let well = try await site.run("doctor", "--json")
            #expect(well.output.joined().contains("reachable"), "\(well)")
            let missing = "nobody-\(UUID().uuidString.lowercased())"
            let cases: [([String: String], String)] = [
                (
                    [
                        "stores.default.url": "s3://\(missing)?credential=objects",
                        "credentials.objects.urls": "s3://\(missing)",
                    ], "NoSuchBucket"
                ),
                (["credentials.objects.secret_key": Self.canary], "SignatureDoesNotMatch"),
                (["credentials.objects.access_key": Self.canary], "InvalidAccessKeyId"),
                (["stores.default.url": "s3://\(bucket)?credential=objects&endpoint=http://127.0.0.1:1"], "127.0.0.1"),
                (["credentials.objects.urls": "s3://other/"], "may not be sent there"),
                (["stores.default.url": "s3://\(bucket)?endpoint=\(endpoint)"], "credential=NAME"),
            ]
            for (overrides, expected) in cases {
                let result = try await site.run("doctor", "--json", overrides: overrides)
                let said = (result.output + result.errors).joined(separator: "\n")
                #expect(result.end != .exited(0) && said.contains(expected), "\(expected): \(said)")
                #expect(!said.contains(Self.canary) && !said.contains(RealS3.secretKey))
            }
        }
    }
}

import Catalog
import Foundation
import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("The oracle", .needsBroker, .timeLimit(.minutes(10)))
struct OracleTests {
    @Test("It finds what is lost, doubled, orphaned or wrong, and nothing where all is well")
    func findings() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 50_000))
            let worker = try await site.startReadyWorker()
            for job in ["job-1", "job-2"] {
                try await site.publish(site.importJob(job, path: "/image").setting("digests", to: ["sha256", "md5"]))
            }
            for job in ["job-1", "job-2"] { #expect(try await site.end(of: job).phase == "completed") }
            try await site.expectSoundness(of: ["job-1", "job-2"], after: worker)

            try await site.publish(site.importJob("job-3", path: "/image"))
            let lost = try await site.findings(["job-1", "job-2", "job-3"])
            #expect(lost.lost.count == 2 && lost.orphaned.isEmpty && lost.wrong.isEmpty, "\(lost)")

            try Data([1]).write(to: URL(fileURLWithPath: "\(site.storePath)/staging/left"))
            try Data([1]).write(to: URL(fileURLWithPath: "\(site.storePath)/objects/stray"))
            #expect(try await site.findings(["job-1", "job-2"]).orphaned.count == 2)

            try await site.falsify(.md5, of: "image-of-job-1")
            #expect(
                try await site.findings(["job-1", "job-2"]).wrong.count == 1, "A digest that is not the usual one.")
            try await site.falsify(.md5, of: "image-of-job-1")

            let end = try await site.end(of: "job-1")
            try await site.publish(
                try end.json.setting("id", to: "another").bytes, exchange: site.names.events, key: "x")
            let doubled = try await site.findings(["job-1", "job-2"])
            #expect(doubled.doubled.count == 2, "the end, and its place in the image's history: \(doubled)")

            try await site.publish(
                try end.json.setting("data", "job", "state", to: "failed").bytes, exchange: site.names.events, key: "x")
            let object = try #require(site.objects.first { !$0.hasSuffix("stray") })
            let whole = try #require(FileManager.default.contents(atPath: object))
            try FileManager.default.removeItem(atPath: object)
            try (whole.dropLast() + [whole[whole.count - 1] ^ 1]).write(to: URL(fileURLWithPath: object))
            let wrong = try await site.findings(["job-1", "job-2"])
            #expect(wrong.wrong.count == 3, "the end, the event's second body, the bytes: \(wrong)")
        }
    }
}

extension Site {
    /// Changes a digest in the catalog, or changes it back.
    fileprivate func falsify(_ algorithm: DigestAlgorithm, of image: String) async throws {
        let id = try #require(ImageID(image))
        let database = try catalogPlace.open(path: catalogPath, schema: schema)
        try await database.write { rows in
            guard var image = try rows.image(id), var content = image.content else { return }
            content.digests = content.digests.map { digest in
                guard digest.algorithm == algorithm else { return digest }
                return Digest(algorithm, hex: String(digest.hex.reversed())) ?? digest
            }
            image.content = content
            try rows.update(image)
        }
        await database.close()
    }

    fileprivate func findings(_ jobs: [String]) async throws -> Findings {
        try await Oracle(self, jobs: jobs).findings()
    }
}

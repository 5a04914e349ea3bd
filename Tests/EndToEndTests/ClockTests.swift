import Foundation
import ImageModel
import TestSupport
import Testing

/// The host's clock is set by an hour while workers run. A site cannot set the clock of the machine that the tests run
/// on: its workers are shown another time of day, as ``FaultySystem`` tells.
@Suite("A clock that is set", .needsBroker, .timeLimit(.minutes(10)))
struct ClockTests {
    private static let settings = [
        "retry.base": "1s", "retry.max": "1s", "worker.slots.import": "1", "worker.unknown_grace": "5s",
        "lease.duration": "10s",
    ]

    /// Goal: nothing waits longer or ends sooner because the time of day changed, and no lease is lost or lasts. Method:
    /// at the step there is a job of each kind that time could spoil: running, queued, waiting for its next attempt,
    /// waiting for an image; then the worker that runs one is killed.
    @Test(
        "A step of an hour, forwards or back, ends no lease, prolongs none, and holds up no job",
        arguments: [3_600, -3_600])
    func stepped(_ seconds: Int64) async throws {
        try await withSite(Self.settings) { site in
            let system = try FaultySystem(in: site)
            let image = OriginAnswer.pattern(size: 300_000).etag("\"v1\"")
            site.origin.serve("/held", image.holding(after: 100_000, until: Gate()), image)
            site.origin.serve("/busy", .status(503).retryAfter("6"), image)
            site.origin.serve("/image", image)
            let first = try await site.startReadyWorker(under: system)
            try await site.publish(site.importJob("busy", image: "image-1", path: "/busy"))
            try await site.event("retrying", of: "busy")
            try await site.publish(site.importJob("held", image: "image-2", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            try await site.publish(site.importJob("queued", image: "image-3", path: "/image"))
            try await site.publish(
                site.job("update", "stranded", image: "image-9").setting("set", to: ["description": "d"]))
            for job in ["queued", "stranded"] { try await site.event("accepted", of: job) }

            try system.setClock(off: seconds)
            let second = try await site.startReadyWorker(under: system)
            #expect(try await site.end(of: "queued").phase == "completed")
            #expect(try await site.end(of: "busy").phase == "completed")
            #expect(try await site.end(of: "stranded").errorCode == "image_not_found")
            // The second worker has looked for leases that ran out, and the one that is renewed is as good as ever.
            #expect(site.origin.journal.entries.requests(for: "/held").count == 1)
            first.signal(SIGKILL)
            #expect(try await first.waitForEnd() == .signalled(SIGKILL))
            #expect(try await site.end(of: "held").phase == "completed")
            #expect(try await site.job("held").attempt == 2)
            try await site.expectSoundness(of: ["busy", "held", "queued", "stranded"], after: second)
            #expect(site.origin.journal.entries.requests(for: "/busy").count == 2)
        }
    }
}

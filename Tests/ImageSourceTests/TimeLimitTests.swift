import ImageModel
import TestSupport
import Testing

@testable import ImageSource

@Suite("Time limits", .timeLimit(.minutes(10)))
struct TimeLimitTests {
    @Test("A server that takes the request and says nothing is given up")
    func headerLimit() async throws {
        let origin = try Origin()
        let gate = Gate()
        origin.serve("/image", .pattern(size: 10).holdingHead(until: gate))
        let source = try source(for: origin) { $0.timeouts.header = .milliseconds(200) }
        let error = try await source.failure(origin.url("/image"))
        #expect(error?.code == .sourceUnavailable)
        #expect(error?.isTransient == true)
        #expect(error?.message.contains("no header within") == true)
    }

    @Test("A body that stops coming is given up")
    func stallLimit() async throws {
        let origin = try Origin()
        let gate = Gate()
        origin.serve("/image", .pattern(size: 1 << 20).holding(after: 100_000, until: gate))
        let source = try source(for: origin) { $0.timeouts.stall = .milliseconds(200) }
        let error = try await source.failure(origin.url("/image"))
        #expect(error?.code == .sourceUnavailable)
        #expect(error?.isTransient == true)
        #expect(error?.message.contains("B/s for") == true)
    }

    @Test("A body that trickles below the rate is given up")
    func trickle() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 1 << 20).trickling(bytes: 1, milliseconds: 20))
        let source = try source(for: origin) {
            $0.timeouts.stall = .seconds(1)
            $0.timeouts.stallBytesPerSecond = 1_024
        }
        #expect(try await source.failure(origin.url("/image"))?.message.contains("B/s for") == true)
    }

    /// Goal: a slow store must not look like a stalled source.
    /// Method: hold every chunk for several stall limits, then read on; the origin had been stuck all the while.
    @Test("Time in which nobody takes the bytes does not count as a stall")
    func pausesDoNotStall() async throws {
        let origin = try Origin()
        let size: Int64 = 64 << 20
        origin.serve("/image", .pattern(size: size))
        let source = try source(for: origin) {
            $0.timeouts.stall = .seconds(3)
            $0.chunkLimit = 2
        }
        let count = try await source.withSource(FetchRequest(url: origin.url("/image"), sizeLimit: size)) { source in
            var held = [try await source.nextChunk(), try await source.nextChunk()]
            var count = Int64(held.compactMap { $0?.count }.reduce(0, +))
            // The origin calls itself stuck after each 300 ms without progress: together more than the limit.
            await origin.journal.wait { $0.stuck["/image", default: 0] >= 15 || $0.closed > 0 }
            held = []
            while let chunk = try await source.nextChunk() { count += Int64(chunk.count) }
            return count
        }
        #expect(count == size)
    }

    @Test("The whole fetch has a limit, redirects and pauses included")
    func totalLimit() async throws {
        let origin = try Origin()
        origin.serve("/here", .redirect(to: "/image"))
        origin.serve("/image", .pattern(size: 1 << 30).trickling(bytes: 10_000, milliseconds: 10))
        let source = try source(for: origin) { $0.timeouts.total = .seconds(3) }
        let error = try await source.failure(origin.url("/here"))
        #expect(error?.code == .sourceUnavailable)
        #expect(error?.message.contains("did not end within") == true)
    }

    @Test("The stall watch counts bytes per window and stops while paused")
    func stallWatch() {
        var watch = StallWatch(limit: .seconds(60), bytesPerSecond: 1_024, now: .seconds(100))
        #expect(watch.deadline == .seconds(160))
        watch.record(61_439, now: .seconds(110))
        #expect(watch.deadline == .seconds(160))
        watch.record(1, now: .seconds(120))
        #expect(watch.deadline == .seconds(180))
        watch.pause(now: .seconds(130))
        watch.pause(now: .seconds(140))
        #expect(watch.deadline == nil)
        watch.resume(now: .seconds(1_130))
        #expect(watch.deadline == .seconds(1_180))
        watch.resume(now: .seconds(5_000))
        #expect(watch.deadline == .seconds(1_180))
    }
}

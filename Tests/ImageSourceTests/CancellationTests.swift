import Foundation
import ImageModel
import ImageSource
import TestSupport
import Testing

@Suite("Back-pressure and cancellation", .timeLimit(.minutes(10)))
struct CancellationTests {
    /// Goal: memory is bounded by the pool, not by the image.
    /// Method: take both chunks of the pool and hold them; when the origin can write no more, count what it could.
    @Test("A consumer that holds its chunks stops the source")
    func backPressure() async throws {
        // The kernel's buffers on both sides take their share, which is the machine's to say.
        let limit = try Self.bufferLimit("tcp_wmem") + Self.bufferLimit("tcp_rmem") + 8 << 20
        let origin = try Origin()
        let size = limit * 8
        origin.serve("/image", .pattern(size: size))
        let source = try source(for: origin) { $0.chunkLimit = 2 }
        try await source.withSource(FetchRequest(url: origin.url("/image"), sizeLimit: size)) { source in
            let held = [try await source.nextChunk(), try await source.nextChunk()]
            await origin.journal.wait { $0.stuck["/image", default: 0] >= 2 }
            #expect(origin.journal.entries.bytesSent["/image", default: 0] < limit)
            #expect(held.allSatisfy { $0?.count == 65_536 })
        }
        #expect(origin.journal.entries.completed["/image"] == nil)
    }

    /// The most that the kernel buffers on one side of a connection (tcp(7)).
    private static func bufferLimit(_ name: String) throws -> Int64 {
        let text = try String(contentsOfFile: "/proc/sys/net/ipv4/\(name)", encoding: .utf8)
        return try #require(text.split(whereSeparator: \.isWhitespace).last.flatMap { Int64($0) })
    }

    @Test("A pool of one chunk moves a body of any length")
    func smallestPool() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 1_000_003))
        let source = try source(for: origin) {
            $0.chunkSize = 4_096
            $0.chunkLimit = 1
        }
        let fetched = try await source.fetch(origin.url("/image"), expecting: PatternBytes(size: 1_000_003))
        #expect(fetched.count == 1_000_003)
        #expect(fetched.isRight)
    }

    /// Where a transfer stands when it is cancelled.
    enum Phase: CaseIterable, Sendable {
        case connecting
        case waitingForHead
        case waitingForBody
        case paused
    }

    @Test("A cancelled fetch ends at once and hangs up, wherever it stands", arguments: Phase.allCases)
    func cancelled(phase: Phase) async throws {
        let origin = try Origin()
        let gate = Gate()
        let answer = OriginAnswer.pattern(size: 256 << 20)
        switch phase {
        case .connecting: break
        case .waitingForHead: origin.serve("/image", answer.holdingHead(until: gate))
        case .waitingForBody: origin.serve("/image", answer.holding(after: 100_000, until: gate))
        case .paused: origin.serve("/image", answer)
        }
        // The origin speaks no TLS: it takes the client's first message and waits for more, as the client does.
        let url = phase == .connecting ? "https://127.0.0.1:\(origin.port)/image" : origin.url("/image")
        let source = try source(for: origin) { $0.chunkLimit = 2 }
        let outcome = await withTaskGroup { group in
            group.addTask { await Self.read(url, from: source, holding: phase == .paused) }
            await origin.journal.wait { entries in
                switch phase {
                case .connecting: entries.accepted == 1
                case .waitingForHead, .waitingForBody: entries.held["/image"] == 1
                case .paused: entries.stuck["/image", default: 0] >= 1
                }
            }
            group.cancelAll()
            return await group.next()
        }
        #expect(outcome == "cancelled")
        await origin.journal.wait { $0.closed == 1 }
        #expect(origin.journal.entries.completed["/image"] == nil)
    }

    @Test("When one reader's task is cancelled the others' transfers go on")
    func othersGoOn() async throws {
        let origin = try Origin()
        let gate = Gate()
        origin.serve("/held", .pattern(size: 1 << 20).holding(after: 1_000, until: gate))
        origin.serve("/image", .pattern(size: 200_000).holding(after: 1_000, until: gate))
        let source = try source(for: origin)
        async let other = source.fetch(origin.url("/image"), expecting: PatternBytes(size: 200_000))
        await withTaskGroup { group in
            group.addTask { await Self.read(origin.url("/held"), from: source, holding: false) }
            await origin.journal.wait { $0.held.count == 2 }
            group.cancelAll()
            #expect(await group.next() == "cancelled")
        }
        gate.open()
        #expect(try await other.isRight)
    }

    @Test("A body that returns early closes the connection, and chunks may outlive it")
    func earlyReturn() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 64 << 20))
        var source: HTTPImageSource? = try source(for: origin)
        let request = FetchRequest(url: origin.url("/image"), sizeLimit: 1 << 30)
        let chunk = try await source?.withSource(request) { try await $0.nextChunk() }
        await origin.journal.wait { $0.closed == 1 }
        source = nil
        let pattern = PatternBytes(size: 64 << 20)
        #expect(chunk?.withBytes { pattern.matches($0, at: 0) } == true)
    }

    /// Reads to the end; while `holding`, keeps two chunks and then waits to be cancelled.
    private static func read(_ url: String, from source: HTTPImageSource, holding: Bool) async -> String {
        do {
            try await source.withSource(FetchRequest(url: url, sizeLimit: 1 << 40)) { source in
                var held: [ImageChunk] = []
                while let chunk = try await source.nextChunk() { if holding { held.append(chunk) } }
            }
            return "ended"
        } catch is CancellationError {
            return "cancelled"
        } catch {
            return "\(error)"
        }
    }
}

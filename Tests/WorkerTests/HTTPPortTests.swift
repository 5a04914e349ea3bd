import Hummingbird
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Worker

@Suite("A port of HTTP", .timeLimit(.minutes(10)))
struct HTTPPortTests {
    @Test("hangs up on a client that asks again and again and takes no answer")
    func neverReads() async throws {
        var limits = HTTPLimits()
        limits.transfer = .milliseconds(200)
        try await withPort(limits) { port in
            let client = try await Client.connect(to: port, reading: false)
            // More than the kernel takes off its hands, so that it hears of the end although it reads nothing.
            client.ask("/large", times: 500_000)
            try await client.closed()
        }
    }

    @Test("hangs up on a client that does not get to the end of its request")
    func neverEnds() async throws {
        var limits = HTTPLimits()
        limits.transfer = .milliseconds(200)
        try await withPort(limits) { port in
            let client = try await Client.connect(to: port)
            client.send("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n1")
            try await client.closed()
        }
    }

    @Test("that others have filled still answers", arguments: ["", "GET /held HTTP/1.1\r\nHost: h\r\n\r\n"])
    func full(request: String) async throws {
        var limits = HTTPLimits()
        limits.connections = 4
        try await withPort(limits) { port in
            // More than the limit and all that may still be closing.
            for _ in 0..<60 { try await Client.connect(to: port, reading: false).send(request) }
            let client = try await Client.connect(to: port)
            client.ask("/small")
            #expect(try await client.answer().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("that is full closes what waits for its next request before what is being answered")
    func idleGoFirst() async throws {
        var limits = HTTPLimits()
        limits.connections = 2
        try await withPort(limits) { port in
            let busy = try await Client.connect(to: port)
            busy.ask("/held")
            await asked.wait { $0 == 1 }
            let idle = try await Client.connect(to: port)
            idle.ask("/small")
            _ = try await idle.answer()
            let third = try await Client.connect(to: port)
            third.ask("/small")
            _ = try await third.answer()
            try await idle.closed()
            release.change { $0 = true }
            #expect(try await busy.answer().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("answers so many questions at once and asks others to come back")
    func tooManyQuestions() async throws {
        var limits = HTTPLimits()
        limits.answers = 1
        try await withPort(limits) { port in
            let busy = try await Client.connect(to: port)
            busy.ask("/held")
            await asked.wait { $0 == 1 }
            let other = try await Client.connect(to: port)
            other.ask("/held")
            let answer = try await other.answer()
            #expect(answer.hasPrefix("HTTP/1.1 503") && answer.lowercased().contains("retry-after: 1"))
            other.ask("/small")
            #expect(try await other.answer().hasPrefix("HTTP/1.1 200"))
            release.change { $0 = true }
            #expect(try await busy.answer().hasPrefix("HTTP/1.1 200"))
        }
    }

    /// How often `/held` was asked for.
    private let asked = Watched(0)
    /// Lets the answers of `/held` go.
    private let release = Watched(false)

    private func withPort(_ limits: HTTPLimits, _ body: (Int) async throws -> Void) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let listening = Watched(0)
        var port = HTTPPort(host: "127.0.0.1", port: 0, logger: logger, limits: limits)
        port.onListening = { number in listening.change { $0 = number } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self, port] in try await port.serve(router(limits), for: "test") }
            await listening.wait { $0 != 0 }
            defer {
                release.change { $0 = true }
                group.cancelAll()
            }
            try await body(listening.value)
        }
    }

    private func router(_ limits: HTTPLimits) -> Router<BasicRequestContext> {
        let router = Router()
        router.get("small") { _, _ in "small" }
        router.get("large") { _, _ in ByteBuffer(repeating: 0, count: 1 << 20) }
        router.add(middleware: AnswerLimit(limits.answers))
        router.get("held") { [asked, release] _, _ in
            asked.change { $0 += 1 }
            await release.wait { $0 }
            return "held"
        }
        return router
    }
}

/// A client that sends what it is told, and takes answers or does not.
private struct Client {
    private let channel: any Channel
    private let received: Watched<String>

    static func connect(to port: Int, reading: Bool = true) async throws -> Client {
        let received = Watched("")
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.autoRead, value: reading)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(received))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return Client(channel: channel, received: received)
    }

    func send(_ text: String) {
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    func ask(_ path: String, times: Int = 1) {
        send(String(repeating: "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n", count: times))
    }

    /// The next answer.
    func answer() async throws -> String {
        await received.wait { Self.firstAnswer(in: $0) != nil }
        var answer: Substring?
        received.change { text in
            answer = Self.firstAnswer(in: text)
            text.removeFirst(answer?.count ?? 0)
        }
        return String(try #require(answer))
    }

    private static func firstAnswer(in text: String) -> Substring? {
        guard let head = text.firstMatch(of: /(?is).*?content-length: (\d+).*?\r\n\r\n/),
            let length = Int(head.output.1), text.utf8.count >= head.output.0.utf8.count + length
        else { return nil }
        return text.prefix(head.output.0.count + length)
    }

    /// Returns when the other side has hung up.
    func closed() async throws {
        try await channel.closeFuture.get()
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let received: Watched<String>

        init(_ received: Watched<String>) {
            self.received = received
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            received.change { $0 += text }
        }
    }
}

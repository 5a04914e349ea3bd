import Foundation
import TestSupport
import Testing

@testable import RabbitMQ

/// Faults 2, 3, 4, 7, 8, 9 and 10 of librabbitmq 0.11: what it does with frames.
@Suite("Frames as no polite broker sends them", .timeLimit(.minutes(10)))
struct FrameFaultTests {
    @Test("Messages of two channels arrive although their frames are interleaved, with heartbeats between")
    func interleavedChannels() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let first = try peer.openConsumingChannel()
            let second = try peer.openConsumingChannel()
            let frames = [
                FakePeer.deliver(tag: 1, on: first), FakePeer.deliver(tag: 1, on: second), FakePeer.heartbeat,
                FakePeer.header(bodySize: 2, on: second), FakePeer.header(bodySize: 4, on: first),
                FakePeer.body([1, 2], on: first), FakePeer.heartbeat, FakePeer.body([8, 9], on: second),
                FakePeer.body([3, 4], on: first),
            ]
            try peer.send(frames.flatMap(\.encoded))
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let consumer = try RabbitMQConsumer(configuration: try configuration(broker.url))
        try await withSessions(consumer: consumer) {
            await consumer.setConsuming("a", prefetch: 1)
            for await event in consumer.events where event.consumedQueue == "a" { break }
            await consumer.setConsuming("b", prefetch: 1)
            let deliveries = [try await next(consumer), try await next(consumer)]
            #expect(deliveries.first { $0.queue == "a" }?.content == .body([1, 2, 3, 4]))
            #expect(deliveries.first { $0.queue == "b" }?.content == .body([8, 9]))
        }
    }

    @Test("A confirm is not lost when it arrives in front of a returned message's frames")
    func confirmsAmongReturns() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openPublishingChannel()
            let keys = try (1...3).map { _ in try peer.await(.publish).payload.suffix(2).first }
            let other = UInt64(keys[0] == UInt8(ascii: "b") ? 2 : 1)
            let back = WireBytes().number(UInt16(312)).short("NO_ROUTE").short("x").short("b")
            let frames = [
                FakePeer.frame(.ack, on: channel, WireBytes().number(other).octet(0)),
                FakePeer.frame(MethodID(60, 50), on: channel, back), FakePeer.header(bodySize: 1, on: channel),
                FakePeer.body([2], on: channel),
                FakePeer.frame(.ack, on: channel, WireBytes().number(UInt64(3)).octet(1)),
            ]
            try peer.send(frames.flatMap(\.encoded))
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            let messages = ["a", "b", "c"].map { OutgoingMessage(exchange: "x", routingKey: $0, body: [1]) }
            let results = try await publishAll(messages, with: publisher)
            #expect(results == [.routed, .unroutable, .routed])
        }
    }

    @Test("A delivery that trickles in byte by byte arrives, and its memory is released in between")
    func tricklingDelivery() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openConsumingChannel()
            let frames = [
                FakePeer.deliver(tag: 1, on: channel), FakePeer.header(bodySize: 40, on: channel),
                FakePeer.body([UInt8](repeating: 5, count: 40), on: channel),
            ]
            for byte in frames.flatMap(\.encoded) {
                try peer.send([byte])
                // Lets the client see this byte alone.
                pause(milliseconds: 2)
            }
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let consumer = try RabbitMQConsumer(configuration: try configuration(broker.url))
        try await withSessions(consumer: consumer) {
            await consumer.setConsuming("q", prefetch: 1)
            let delivery = try await next(consumer)
            #expect(delivery.content == .body([UInt8](repeating: 5, count: 40)))
        }
    }

    @Test("A body said to be of an absurd size costs no memory and is never handed out")
    func absurdSize() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openConsumingChannel()
            let frames = [
                FakePeer.deliver(tag: 1, on: channel), FakePeer.header(bodySize: .max, on: channel),
                FakePeer.body([1], on: channel),
            ]
            try peer.send(frames.flatMap(\.encoded))
        }
        defer { broker.stop() }
        let consumer = try RabbitMQConsumer(configuration: try configuration(broker.url))
        try await withSessions(consumer: consumer) {
            await consumer.setConsuming("q", prefetch: 1)
            let error = try await awaitEvent(consumer.events) { $0.disconnection }
            #expect(error.code == .connectionLost)
        }
    }

    /// In a process of its own, where no other test takes memory.
    @Test("Memory does not grow with what passes through")
    func constantMemory() async {
        await #expect(processExitsWith: .success) {
            let chunk = [UInt8](repeating: 3, count: 131_064)
            let chunks = 6_000
            let broker = try FakeBroker { peer, _ in
                try peer.handshake()
                let channel = try peer.openConsumingChannel()
                try peer.send(FakePeer.deliver(tag: 1, on: channel).encoded)
                try peer.send(FakePeer.header(bodySize: UInt64(chunk.count * chunks), on: channel).encoded)
                let frame = FakePeer.body(chunk, on: channel).encoded
                for _ in 0..<chunks { try peer.send(frame) }
                try peer.sayGoodbye()
            }
            defer { broker.stop() }
            let consumer = try RabbitMQConsumer(configuration: try configuration(broker.url))
            let growth = try await withSessions(consumer: consumer) {
                let before = try residentBytes()
                await consumer.setConsuming("q", prefetch: 1)
                let delivery = try await next(consumer)
                try #require(delivery.content == .oversized(UInt64(chunk.count * chunks)))
                return try residentBytes() - before
            }
            print("memory grew by \(growth)")
            exit(growth < chunk.count * chunks / 8 ? 0 : 1)
        }
    }

    @Test("Headers nested twenty thousand deep are cut off and do not end the process")
    func deeplyNestedHeaders() async throws {
        let depth = 18_000
        var table = WireBytes().emptyTable().bytes
        var tables: [[UInt8]] = []
        for level in 0..<depth {
            let size = UInt32(4 + level * 7 + 3)
            tables.append(WireBytes().number(size).short("k").octet(UInt8(ascii: "F")).bytes)
        }
        table = tables.reversed().flatMap { $0 } + table
        let headers = table
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openConsumingChannel()
            try peer.send(FakePeer.deliver(tag: 1, on: channel).encoded)
            try peer.send(FakePeer.header(bodySize: 0, headers: headers, on: channel).encoded)
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let consumer = try RabbitMQConsumer(configuration: try configuration(broker.url))
        try await withSessions(consumer: consumer) {
            await consumer.setConsuming("q", prefetch: 1)
            let delivery = try await next(consumer)
            var depth = 0
            var value = delivery.properties.headers?["k"]
            while case .table(let inner) = value {
                value = inner["k"]
                depth += 1
            }
            #expect(value == .void)
            #expect(depth == FieldValue.depthLimit)
        }
    }

    @Test("The broker's goodbyes are answered: channel.close and connection.close")
    func closesAreAnswered() async throws {
        let (seen, signal) = AsyncStream.makeStream(of: MethodID.self)
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openConsumingChannel()
            let reason = WireBytes().number(UInt16(406)).short("PRECONDITION_FAILED - timeout")
            try peer.send(.channelClose, on: channel, reason.number(UInt32(0)))
            try peer.await(.channelCloseOK)
            signal.yield(.channelCloseOK)
            try peer.openConsumingChannel()
            try peer.send(
                .connectionClose, on: 0, WireBytes().number(UInt16(320)).short("CONNECTION_FORCED").number(UInt32(0))
            )
            try peer.await(.connectionCloseOK)
            signal.yield(.connectionCloseOK)
        }
        defer { broker.stop() }
        let consumer = try RabbitMQConsumer(configuration: try configuration(broker.url))
        try await withSessions(consumer: consumer) {
            await consumer.setConsuming("q", prefetch: 1)
            var methods: [MethodID] = []
            for await method in seen {
                methods.append(method)
                if methods.count == 2 { break }
            }
            #expect(methods == [.channelCloseOK, .connectionCloseOK])
            let interruption = try await awaitEvent(consumer.events) { $0.interruption }
            #expect(interruption.code == .preconditionFailed)
        }
    }

    @Test("A frame that the kernel would hold back is followed by another", arguments: [0, 4_088, 8_176])
    func corkedFrames(size: Int) async throws {
        let (seen, signal) = AsyncStream.makeStream(of: UInt8.self)
        let broker = try FakeBroker { peer, _ in
            try peer.handshake(frameMax: 4_096)
            let channel = try peer.openPublishingChannel()
            try peer.await(.publish)
            while true {
                let type = try peer.readFrame().type
                signal.yield(type)
                if type == 8 { break }
            }
            try peer.send(.ack, on: channel, WireBytes().number(UInt64(1)).octet(0))
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        var settings = try configuration(broker.url)
        // No heartbeat but the one looked for.
        settings.heartbeat = .seconds(600)
        let publisher = try RabbitMQPublisher(configuration: settings)
        try await withSessions(publisher: publisher) {
            let message = OutgoingMessage(
                exchange: "x", routingKey: "k", body: [UInt8](repeating: 1, count: size)
            )
            let confirmation = try await publisher.publish(message)
            #expect(confirmation == .routed)
            var types: [UInt8] = []
            for await type in seen {
                types.append(type)
                if type == 8 { break }
            }
            #expect(types == [2] + [UInt8](repeating: 3, count: size / 4_088) + [8])
        }
    }

    @Test("No frame of a large message is larger than agreed")
    func framesWithinLimit() async throws {
        let (seen, signal) = AsyncStream.makeStream(of: Int.self)
        let size = 1_000_000
        let broker = try FakeBroker { peer, _ in
            try peer.handshake(frameMax: 8_192)
            let channel = try peer.openPublishingChannel()
            try peer.await(.publish)
            var received = 0
            while received < size {
                let frame = try peer.readFrame()
                if frame.type == 3 { received += frame.payload.count }
                signal.yield(frame.payload.count + 8)
            }
            signal.finish()
            try peer.send(.ack, on: channel, WireBytes().number(UInt64(1)).octet(0))
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            let message = OutgoingMessage(
                exchange: "x", routingKey: "k", body: [UInt8](repeating: 1, count: size)
            )
            let confirmation = try await publisher.publish(message)
            #expect(confirmation == .routed)
            for await frame in seen { #expect(frame <= 8_192) }
        }
    }
}

/// Memory of this process that is in use, in bytes; see proc(5), statm.
private func residentBytes() throws -> Int {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(pages.dropFirst().first.flatMap { Int($0) }) * 4_096
}

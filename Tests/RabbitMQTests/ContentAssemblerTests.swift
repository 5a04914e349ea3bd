import Testing

@testable import RabbitMQ

@Suite("Putting messages together from frames")
struct ContentAssemblerTests {
    private func deliver(_ tag: UInt64, _ channel: UInt16) -> InboundFrame {
        .method(
            .deliver(.init(consumerTag: "1", deliveryTag: tag, redelivered: false, exchange: "x", routingKey: "k")),
            channel: channel
        )
    }

    private func returned(_ channel: UInt16) -> InboundFrame {
        .method(.returned(.init(code: 312, text: "NO_ROUTE", exchange: "x", routingKey: "k")), channel: channel)
    }

    private func header(_ size: UInt64, _ channel: UInt16) -> InboundFrame {
        .header(.init(bodySize: size, properties: MessageProperties()), channel: channel)
    }

    private func outputs(_ frames: [InboundFrame], limit: Int = 100) throws -> [ContentAssembler.Output] {
        var assembler = ContentAssembler(bodyLimit: limit)
        return try frames.compactMap { frame throws(RabbitMQError) in try assembler.accept(frame) }
    }

    private func contents(_ outputs: [ContentAssembler.Output]) -> [Delivery.Content] {
        outputs.compactMap { if case .delivery(_, _, let content, _) = $0 { content } else { nil } }
    }

    @Test("A body in several frames is one body, and an empty one needs no frame")
    func bodies() throws {
        let frames = [
            deliver(1, 1), header(5, 1), .body([1, 2], channel: 1), .heartbeat, .body([3], channel: 1),
            .body([4, 5], channel: 1), deliver(2, 1), header(0, 1),
        ]
        #expect(contents(try outputs(frames)) == [.body([1, 2, 3, 4, 5]), .body([])])
    }

    @Test("Methods of other channels pass a message that is under way")
    func methodsBetween() throws {
        let confirm = ServerMethod.confirm(tag: 9, multiple: true, positive: true)
        let result = try outputs([
            deliver(1, 1), .method(confirm, channel: 2), header(1, 1), .method(.unblocked, channel: 0),
            .body([1], channel: 1),
        ])
        #expect(result.count == 3)
        #expect(result.first == .method(confirm, channel: 2))
    }

    @Test("A body at the limit is kept, one above it is counted only")
    func limit() throws {
        let frames = [
            deliver(1, 1), header(3, 1), .body([1, 2, 3], channel: 1),
            deliver(2, 1), header(4, 1), .body([1, 2, 3], channel: 1), .body([4], channel: 1),
        ]
        #expect(contents(try outputs(frames, limit: 3)) == [.body([1, 2, 3]), .oversized(4)])
    }

    @Test("A returned message is known without its body")
    func returnedMessage() throws {
        let result = try outputs([returned(1), header(2, 1), .body([1, 2], channel: 1)])
        guard case .returned(let method, _, channel: 1) = try #require(result.first) else {
            Issue.record("not a return: \(result)")
            return
        }
        #expect(method.code == 312)
    }

    @Test("A frame that cannot stand where it stands is a violation of the protocol")
    func violations() {
        let sequences: [[InboundFrame]] = [
            [header(1, 1)], [.body([1], channel: 1)], [.unknown(type: 9)],
            [deliver(1, 1), deliver(2, 1)], [deliver(1, 1), .body([1], channel: 1)],
            [deliver(1, 1), header(1, 1), header(1, 1)], [deliver(1, 1), header(1, 2)],
            [deliver(1, 1), header(1, 1), .body([1, 2], channel: 1)],
            [deliver(1, 1), header(1, 1), .method(.unblocked, channel: 1)],
        ]
        for frames in sequences {
            let error = #expect(throws: RabbitMQError.self) { try outputs(frames) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test("A channel that was closed in the middle of a message begins anew")
    func forgottenChannel() throws {
        var assembler = ContentAssembler(bodyLimit: 10)
        _ = try assembler.accept(deliver(1, 1))
        assembler.forget(channel: 1)
        #expect(try assembler.accept(.method(.unblocked, channel: 1)) == .method(.unblocked, channel: 1))
    }

    @Test("However messages of many channels are cut and interleaved, all arrive whole", arguments: 0..<40)
    func anyInterleaving(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var expected: [UInt16: [Delivery.Content]] = [:]
        var queues: [UInt16: [InboundFrame]] = [:]
        for channel in UInt16(1)...4 {
            for tag in UInt64(1)...5 {
                let body = (0..<Int.random(in: 0...60, using: &random)).map { UInt8($0) }
                expected[channel, default: []].append(body.count <= 40 ? .body(body) : .oversized(UInt64(body.count)))
                queues[channel, default: []] += [deliver(tag, channel), header(UInt64(body.count), channel)]
                var rest = body[...]
                while !rest.isEmpty {
                    let cut = Int.random(in: 0...rest.count, using: &random)
                    queues[channel, default: []].append(.body(Array(rest.prefix(cut)), channel: channel))
                    rest = rest.dropFirst(cut)
                }
            }
        }
        var assembler = ContentAssembler(bodyLimit: 40)
        var received: [UInt16: [Delivery.Content]] = [:]
        while let channel = queues.keys.sorted().randomElement(using: &random) {
            guard let frame = queues[channel]?.first else {
                queues[channel] = nil
                continue
            }
            queues[channel]?.removeFirst()
            if case .delivery(_, _, let content, let channel) = try assembler.accept(frame) {
                received[channel, default: []].append(content)
            }
            #expect(try assembler.accept(.heartbeat) == nil)
        }
        #expect(received == expected)
    }

    @Test("Any sequence of frames ends in messages or in a typed error", arguments: 0..<200)
    func anyFrames(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var assembler = ContentAssembler(bodyLimit: 8)
        for _ in 0..<100 {
            let channel = UInt16.random(in: 0...2, using: &random)
            let frame: InboundFrame =
                switch Int.random(in: 0...6, using: &random) {
                case 0: deliver(1, channel)
                case 1: returned(channel)
                case 2: header([0, 1, 8, 9, .max].randomElement(using: &random) ?? 0, channel)
                case 3: .body([UInt8](repeating: 0, count: Int.random(in: 0...9, using: &random)), channel: channel)
                case 4: .heartbeat
                case 5: .method(.unblocked, channel: channel)
                default: .unknown(type: 0)
                }
            do throws(RabbitMQError) {
                _ = try assembler.accept(frame)
            } catch {
                #expect(error.code == .protocolViolation)
                return
            }
        }
    }
}

import RabbitMQ
import TestSupport
import Testing

@Suite("Topology on a real broker", .needsBroker, .timeLimit(.minutes(10)))
struct TopologyTests {
    @Test("Declaring twice is declaring once, and what was declared verifies")
    func declareAndVerify() async throws {
        let configuration = try brokerConfiguration()
        let (exchange, other, queue) = (uniqueName("x"), uniqueName("ae"), uniqueName("q"))
        let topology = Topology(
            exchanges: [
                .init(other, .fanout),
                .init(exchange, .topic, arguments: ["alternate-exchange": .string(other)]),
            ],
            queues: [.init(queue, .quorum, arguments: ["x-dead-letter-exchange": .string(other)])],
            bindings: [.init(queue: queue, exchange: exchange, routingKey: "a.#")]
        )
        try await withTopology(topology, on: configuration) {
            try await RabbitMQTopology.declare(configuration, topology)
            let unverified = try await RabbitMQTopology.verify(configuration, topology)
            #expect(unverified.isEmpty)
        }
    }

    @Test("A queue that differs is an error that names queue and argument", arguments: [false, true])
    func mismatch(declaring: Bool) async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        let present = Topology(queues: [.init(queue, .classic, arguments: ["x-dead-letter-exchange": "one"])])
        let wanted = Topology(queues: [.init(queue, .classic, arguments: ["x-dead-letter-exchange": "two"])])
        try await withTopology(present, on: configuration) {
            let error = await #expect(throws: RabbitMQError.self) {
                if declaring {
                    try await RabbitMQTopology.declare(configuration, wanted)
                } else {
                    _ = try await RabbitMQTopology.verify(configuration, wanted)
                }
            }
            #expect(error?.code == .preconditionFailed)
            #expect(error?.object == queue)
            #expect(error?.argument == "x-dead-letter-exchange")
        }
    }

    @Test("An exchange that differs in its alternate exchange or kind is named")
    func exchangeMismatch() async throws {
        let configuration = try brokerConfiguration()
        let exchange = uniqueName("x")
        let present = Topology(exchanges: [.init(exchange, .topic, arguments: ["alternate-exchange": "one"])])
        try await withTopology(present, on: configuration) {
            for (wanted, argument) in [
                (Topology.Exchange(exchange, .topic, arguments: ["alternate-exchange": "two"]), "alternate-exchange"),
                (Topology.Exchange(exchange, .fanout, arguments: ["alternate-exchange": "one"]), "type"),
            ] {
                let error = await #expect(throws: RabbitMQError.self) {
                    _ = try await RabbitMQTopology.verify(configuration, Topology(exchanges: [wanted]))
                }
                #expect(error?.code == .preconditionFailed)
                #expect(error?.object == exchange)
                #expect(error?.argument == argument)
            }
        }
    }

    @Test("Verifying what is missing names it and does not create it")
    func missing() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        for _ in 1...2 {
            let error = await #expect(throws: RabbitMQError.self) {
                _ = try await RabbitMQTopology.verify(configuration, Topology(queues: [.init(queue, .classic)]))
            }
            #expect(error?.code == .notFound)
            #expect(error?.object == queue)
        }
    }

    @Test("A session goes on after a refused call, and can unbind, purge and delete")
    func administration() async throws {
        let configuration = try brokerConfiguration()
        let (exchange, queue) = (uniqueName("x"), uniqueName("q"))
        let binding = Topology.Binding(queue: queue, exchange: exchange, routingKey: "k")
        let topology = Topology(
            exchanges: [.init(exchange, .direct)], queues: [.init(queue, .classic)], bindings: [binding]
        )
        try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            let error = await #expect(throws: RabbitMQError.self) { try await admin.queueStatus(queue) }
            #expect(error?.code == .notFound)
            try await admin.declare(topology)
            let status = try await admin.queueStatus(queue)
            #expect(status.messages == 0)
            #expect(status.consumers == 0)
            try await admin.unbind(binding)
            let purged = try await admin.purgeQueue(queue)
            let deleted = try await admin.deleteQueue(queue)
            #expect(purged == 0)
            #expect(deleted == 0)
            try await admin.deleteExchange(exchange)
        }
    }
}

import JobMessages
import RabbitMQ
import TestSupport
import Testing
import Worker

extension Site {
    /// Publishes a job as a producer would, and waits until the broker has it.
    func publish(
        _ job: JSON, key: String? = nil, replyTo: String? = nil, correlationID: String? = nil
    ) async throws {
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.deliveryMode = .persistent
        properties.replyTo = replyTo
        properties.correlationID = correlationID
        let kind = try key ?? #require(job["kind"].text)
        try await publish(try job.bytes, exchange: names.jobs, key: kind, properties: properties)
    }

    /// Publishes any bytes anywhere.
    func publish(
        _ body: [UInt8], exchange: String, key: String, properties: MessageProperties = MessageProperties()
    ) async throws {
        let message = OutgoingMessage(exchange: exchange, routingKey: key, properties: properties, body: body)
        #expect(try await publisher.publish(message) == .routed)
    }

    /// An import of a path of the origin.
    func importJob(_ id: String, image: String? = nil, path: String, query: String = "") -> JSON {
        [
            "version": 1, "id": .string(id), "kind": "import",
            "image": ["id": .string(image ?? "image-of-\(id)"), "name": .string("image of \(id)")],
            "source": ["url": .string(origin.url(path) + query)],
        ]
    }

    /// A job of another kind on an image.
    func job(_ kind: String, _ id: String, image: String) -> JSON {
        ["version": 1, "id": .string(id), "kind": .string(kind), "image": ["id": .string(image)]]
    }

    /// A copy to a store.
    func copy(_ id: String, of image: String, to store: String) -> JSON {
        job("copy", id, image: image).setting("to", to: ["store": .string(store)])
    }

    /// A copy to a new image, on an account's behalf.
    func copy(_ id: String, of image: String, toNew new: String, by account: String? = nil) -> JSON {
        let copy = job("copy", id, image: image)
            .setting("to", to: ["image": ["id": .string(new), "name": .string("copy-of-it")]])
        return account.map { copy.setting("actor", "account", to: .string($0)) } ?? copy
    }

    /// A cancel.
    func cancel(_ id: String, of target: String) -> JSON {
        ["version": 1, "id": .string(id), "kind": "cancel", "job": ["id": .string(target)]]
    }

    /// The terminal event of a job.
    func end(of job: String, limit: Duration = .patience) async throws -> Received {
        try await events.first("the end of job \(job)", limit: limit) { $0.jobID == job && $0.isTerminal ? $0 : nil }
    }

    /// An event of a job in some phase.
    @discardableResult
    func event(_ phase: String, of job: String, limit: Duration = .patience) async throws -> Received {
        try await events.first("\(phase) of job \(job)", limit: limit) {
            $0.jobID == job && $0.phase == phase ? $0 : nil
        }
    }

    /// All events, once everything published before this call has arrived.
    func settledEvents() async throws -> [Received] {
        let marker = "marker.\(events.entries.count)"
        try await publish([], exchange: names.events, key: marker)
        let all = try await events.wait(for: "the marker") { $0.contains { $0.routingKey == marker } }
        return all.filter { !$0.routingKey.hasPrefix("marker.") }
    }
}

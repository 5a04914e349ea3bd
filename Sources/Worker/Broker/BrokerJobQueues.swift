public import ImageModel
import JobMessages
public import RabbitMQ

/// The intake queues on RabbitMQ.
public struct BrokerJobQueues: JobQueues {
    private let consumer: RabbitMQConsumer
    private let names: BrokerNames
    private let prefetch: UInt16

    /// The queues behind a consumer's connection.
    ///
    /// - Parameter prefetch: Deliveries of each queue that may be unsettled at once.
    public init(consumer: RabbitMQConsumer, names: BrokerNames, prefetch: UInt16) {
        self.consumer = consumer
        self.names = names
        self.prefetch = prefetch
    }

    /// See ``JobQueues/nextDeliveries(upTo:)``.
    public func nextDeliveries(upTo limit: Int) async -> [JobDelivery<Delivery.ID>] {
        await consumer.nextDeliveries(upTo: limit).map { delivery in
            switch delivery.content {
            case .oversized(let bytes): JobDelivery(id: delivery.id, content: .oversized(bytes: bytes))
            case .body(let body): JobDelivery(id: delivery.id, content: .message(IncomingMessage(body, of: delivery)))
            }
        }
    }

    /// See ``JobQueues/startConsuming(_:)``.
    public func startConsuming(_ kind: JobKind) async {
        await consumer.setConsuming(names.intake(kind), prefetch: prefetch)
    }

    /// See ``JobQueues/stopConsuming(_:)``.
    public func stopConsuming(_ kind: JobKind) async {
        await consumer.stopConsuming(names.intake(kind))
    }

    /// See ``JobQueues/acknowledge(_:)``.
    public func acknowledge(_ deliveries: [Delivery.ID]) async {
        await consumer.acknowledge(deliveries)
    }

    /// See ``JobQueues/reject(_:)``.
    public func reject(_ delivery: Delivery.ID) async {
        await consumer.reject(delivery, requeue: false)
    }

    /// See ``JobQueues/giveBackUnsettled()``.
    public func giveBackUnsettled() async {
        for kind in JobKind.allCases { await consumer.recycle(names.intake(kind)) }
    }
}

extension RabbitMQConsumer {
    /// Acknowledges in one visit to the connection's thread.
    fileprivate func acknowledge(_ deliveries: [Delivery.ID]) {
        for delivery in deliveries { ack(delivery) }
    }
}

extension IncomingMessage {
    fileprivate init(_ body: [UInt8], of delivery: Delivery) {
        let properties = delivery.properties
        self.init(
            body: body, routingKey: delivery.routingKey, contentType: properties.contentType,
            contentEncoding: properties.contentEncoding, messageID: properties.messageID,
            priority: properties.priority.map(Int.init), replyTo: properties.replyTo,
            correlationID: properties.correlationID, userID: properties.userID,
            traceparent: properties.headers?["traceparent"]?.stringValue,
            tracestate: properties.headers?["tracestate"]?.stringValue)
    }
}

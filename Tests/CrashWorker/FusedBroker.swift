import ImageModel
import JobMessages
import Worker

/// Intake queues with a fuse around their acknowledgements.
struct FusedQueues: JobQueues {
    let base: BrokerJobQueues
    let fuse: Fuse

    func nextDeliveries(upTo limit: Int) async -> [JobDelivery<BrokerJobQueues.DeliveryID>] {
        await base.nextDeliveries(upTo: limit)
    }

    func startConsuming(_ kind: JobKind) async {
        await base.startConsuming(kind)
    }

    func stopConsuming(_ kind: JobKind) async {
        await base.stopConsuming(kind)
    }

    func acknowledge(_ deliveries: [BrokerJobQueues.DeliveryID]) async {
        fuse.reach(.port(.acknowledging))
        await base.acknowledge(deliveries)
        fuse.reach(.port(.acknowledged))
    }

    func reject(_ delivery: BrokerJobQueues.DeliveryID) async {
        await base.reject(delivery)
    }

    func giveBackUnsettled() async {
        await base.giveBackUnsettled()
    }
}

/// Exchanges with a fuse around what is published.
struct FusedExchange: EventExchange {
    let base: BrokerEventExchange
    let fuse: Fuse

    func publish(_ event: OutgoingEvent) async throws(EventExchangeError) -> Routing {
        // Progress is told beside the outbox.
        guard event.isPersistent else { return try await base.publish(event) }
        fuse.reach(.port(.publishing))
        let routing = try await base.publish(event)
        fuse.reach(.port(.confirmed))
        if event.endsJob { fuse.reach(.port(.confirmedEnd)) }
        return routing
    }

    func reply(_ event: OutgoingEvent, to queue: String) async throws(EventExchangeError) -> Routing {
        try await base.reply(event, to: queue)
    }

    func bury(_ letter: BuriedMessage) async throws(EventExchangeError) -> Routing {
        fuse.reach(.port(.publishing))
        let routing = try await base.bury(letter)
        fuse.reach(.port(.confirmed))
        return routing
    }
}

extension OutgoingEvent {
    fileprivate var endsJob: Bool {
        [".completed.", ".failed.", ".cancelled."].contains { type.contains($0) }
    }
}

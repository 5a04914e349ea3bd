public import Catalog
import ImageModel
public import JobMessages

/// Publishes events of the history again: the same ids, the same bytes, one image's events in order.
///
/// It reads the catalog and writes nothing there: what was published stays published.
public struct EventResender<Exchange: EventExchange>: Sendable {
    private let catalog: ImageCatalog
    private let exchange: Exchange
    private let encoder: CloudEventEncoder

    /// A resender that speaks for one cluster.
    public init(catalog: ImageCatalog, exchange: Exchange, encoder: CloudEventEncoder) {
        self.catalog = catalog
        self.exchange = exchange
        self.encoder = encoder
    }

    /// Publishes what passes `filter`, page by page, and waits for every confirm.
    ///
    /// - Parameter willSend: Is told of every event before it is sent; when it returns false the event is not sent.
    /// - Throws: ``CatalogError``; ``EventExchangeError`` of the first event that was not confirmed. What was confirmed
    ///   before is out, so going on means sending that again.
    public func resend(
        _ filter: HistoryFilter, willSend: @Sendable (OutboxEntry) -> Bool = { _ in true }
    ) async throws -> ResendCount {
        var count = ResendCount()
        var filter = filter
        while true {
            let page = try await catalog.read { [filter] in try $0.publishedEvents(filter) }
            guard let last = page.last else { return count }
            let chosen = page.filter(willSend)
            let unrouted = try await send(chosen)
            count.sent += chosen.count
            count.unrouted += unrouted
            filter.after = last.number
        }
    }

    /// Sends chains side by side; returns how many events no queue took.
    private func send(_ page: [OutboxEntry]) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for chain in OutboxChains.split(page) {
                group.addTask {
                    var unrouted = 0
                    for entry in chain where try await exchange.publish(encoder.encode(entry.event)) == .unrouted {
                        unrouted += 1
                    }
                    return unrouted
                }
            }
            return try await group.reduce(0, +)
        }
    }
}

/// What a resend did.
public struct ResendCount: Sendable, Hashable {
    /// Events the broker confirmed.
    public internal(set) var sent = 0
    /// Those among them for which no queue was bound.
    public internal(set) var unrouted = 0
}

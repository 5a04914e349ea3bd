import Catalog
import ImageModel

extension InMemoryRows {
    func publishedEvents(_ filter: HistoryFilter) throws -> [OutboxEntry] {
        let passing = tables.outbox.lazy.filter { entry in
            entry.destination == .events && entry.publishedAt != nil && entry.number > filter.after
                && (filter.image == nil || filter.image == entry.event.imageID)
                && (filter.job == nil || filter.job == entry.event.jobID)
                && (filter.since.map { entry.event.time >= $0 } ?? true)
                && (filter.until.map { entry.event.time < $0 } ?? true)
        }
        return Array(passing.prefix(filter.limit))
    }
}

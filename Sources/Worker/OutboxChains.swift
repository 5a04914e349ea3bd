import Catalog
import ImageModel

/// Which entries of the outbox must follow which.
enum OutboxChains {
    /// The events of one image form a chain; everything else stands alone.
    static func split(_ batch: [OutboxEntry]) -> [[OutboxEntry]] {
        var chains: [[OutboxEntry]] = []
        var places: [ImageID: Int] = [:]
        for entry in batch {
            guard let image = entry.orderedBy else {
                chains.append([entry])
                continue
            }
            if let place = places[image] {
                chains[place].append(entry)
            } else {
                places[image] = chains.count
                chains.append([entry])
            }
        }
        return chains
    }
}

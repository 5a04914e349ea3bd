import Catalog
import ImageModel

extension InMemoryRows {
    func append(_ entry: OutboxEntry) throws {
        var entry = entry
        entry.number = tables.nextNumber()
        entry.publishedAt = nil
        entry.isUnrouted = false
        tables.outbox.append(entry)
    }

    func unpublished(limit: Int) throws -> [OutboxEntry] {
        Array(tables.outbox.lazy.filter { $0.publishedAt == nil }.prefix(limit))
    }

    func unpublished(in range: OutboxRange) throws -> OutboxPage {
        var page = OutboxPage()
        var bytes = 0
        let waiting = tables.outbox.filter {
            $0.publishedAt == nil && $0.number > range.after && $0.number <= range.through
        }
        for entry in waiting.prefix(range.limit) where page.last == nil || bytes < range.byteLimit {
            let earlier = tables.outbox.last { other in
                other.orderedBy != nil && other.orderedBy == entry.orderedBy && other.number < entry.number
            }
            let isBehindAnother = earlier.map { $0.publishedAt == nil && $0.number <= range.after } ?? false
            page.add(entry, isBehindAnother: isBehindAnother)
            bytes += entry.textSize
        }
        return page
    }

    func history(of image: ImageID, limit: Int) throws -> [OutboxEntry] {
        tables.outbox.filter { $0.event.imageID == image && $0.destination == .events }.suffix(limit)
    }

    func lastEvent(of job: JobID) throws -> ImageEvent? {
        tables.outbox.last { entry in
            guard case .image(_, let phase) = entry.event.topic else { return false }
            return entry.event.jobID == job.rawValue && phase != .progress
        }?.event
    }

    func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws {
        let numbers = Set(numbers)
        let unrouted = Set(unrouted)
        tables.outbox.removeAll { numbers.contains($0.number) && $0.destination != .events }
        for index in tables.outbox.indices where numbers.contains(tables.outbox[index].number) {
            tables.outbox[index].publishedAt = now
            tables.outbox[index].isUnrouted = unrouted.contains(tables.outbox[index].number)
        }
    }

    func insert(_ transfer: Transfer) throws {
        guard tables.transfers[transfer.id] == nil else {
            throw CatalogError(.corrupt, "there is a transfer \(transfer.id) already")
        }
        tables.transfers[transfer.id] = InMemoryTables.Numbered(number: tables.nextNumber(), value: transfer)
    }

    func update(_ transfer: Transfer) throws {
        tables.transfers[transfer.id]?.value = transfer
    }

    func openTransfers(of job: JobID) throws -> [Transfer] {
        tables.transfers.values
            .filter { $0.value.job == job && ($0.value.state == .staging || $0.value.state == .committing) }
            .sorted { $0.number < $1.number }.map(\.value)
    }

    func abandonedTransfers(after: TransferID?, limit: Int) throws -> [Transfer] {
        let start = after.flatMap { tables.transfers[$0]?.number } ?? 0
        let abandoned = tables.transfers.values.filter { $0.value.state == .abandoned && $0.number > start }
        return abandoned.sorted { $0.number < $1.number }.prefix(limit).map(\.value)
    }
}

extension OutboxEntry {
    /// Bytes of text that a row of SQL would hold.
    fileprivate var textSize: Int {
        let event = (try? RowCoding.text(event))?.utf8.count ?? 0
        let destination = destination == .events ? nil : try? RowCoding.text(of: destination)
        return event + (destination?.utf8.count ?? 0)
    }
}

import Catalog
import ImageModel

/// The rows of one transaction in memory.
final class InMemoryRows: CatalogTransaction {
    var tables: InMemoryTables
    let now: Timestamp

    init(tables: InMemoryTables, now: Timestamp) {
        self.tables = tables
        self.now = now
    }

    func catalogID() throws -> CatalogID { tables.catalogID }

    func nextSequence(of image: ImageID) throws -> Int64 {
        tables.sequences[image, default: 0] += 1
        return tables.sequences[image, default: 0]
    }

    func holdRole(_ role: String, worker: WorkerID, for duration: Duration) throws -> Bool {
        if let holder = tables.roles[role], holder.worker != worker, holder.until > now { return false }
        tables.roles[role] = InMemoryTables.Role(worker: worker, until: now + duration)
        return true
    }

    func rememberCancel(of job: JobID, by account: AccountID?) throws {
        if tables.cancels[job]?[account] == nil { tables.cancels[job, default: [:]][account] = now }
    }

    func rememberedCancels(of job: JobID) throws -> [AccountID?] {
        (tables.cancels[job] ?? [:]).keys.sorted { ($0?.rawValue ?? "") < ($1?.rawValue ?? "") }
    }
}

// MARK: - Images

extension InMemoryRows {
    func image(_ id: ImageID) throws -> Image? { tables.images[id]?.value }

    func images(_ filter: ImageFilter) throws -> [Image] {
        let passing = tables.images.values.filter { row in
            let account = filter.sharedWith
            return (filter.statuses?.contains(row.value.status) ?? true)
                && filter.after.map { row.number < tables.images[$0]?.number ?? 0 } ?? true
                && (filter.owner == nil || filter.owner == row.value.details.owner)
                && (account == nil
                    || tables.members.contains {
                        $0.key.image == row.value.id && $0.key.account == account && $0.value.status == .accepted
                    })
        }
        return passing.sorted { $0.number > $1.number }.prefix(filter.limit).map(\.value)
    }

    func insert(_ image: Image) throws {
        guard tables.images[image.id] == nil else {
            throw CatalogError(.corrupt, "there is an image \(image.id) already")
        }
        tables.images[image.id] = InMemoryTables.Numbered(number: tables.nextNumber(), value: image.inStoredOrder)
    }

    func update(_ image: Image) throws {
        guard let row = tables.images[image.id] else {
            throw CatalogError(.corrupt, "there is no image \(image.id) to update")
        }
        var image = image.inStoredOrder
        image.createdAt = row.value.createdAt
        tables.images[image.id]?.value = image
    }

    func member(_ account: AccountID, of image: ImageID) throws -> Member? {
        tables.members[InMemoryTables.Membership(image: image, account: account)]
    }

    func members(of image: ImageID) throws -> [Member] {
        tables.members.filter { $0.key.image == image }.values.sorted { $0.account < $1.account }
    }

    func put(_ member: Member, of image: ImageID) throws {
        let key = InMemoryTables.Membership(image: image, account: member.account)
        var member = member
        member.createdAt = tables.members[key]?.createdAt ?? member.createdAt
        tables.members[key] = member
    }
}

extension Image {
    fileprivate var inStoredOrder: Self {
        var copy = self
        copy.replicas.sort { $0.store < $1.store }
        return copy
    }
}

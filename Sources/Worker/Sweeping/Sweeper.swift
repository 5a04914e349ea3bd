public import Catalog
import ImageJobs
import ImageModel
public import ImageStore
public import Logging

/// Compares stores and catalog, and removes what nobody needs (decisions D7 and D11): bytes that ended jobs left behind
/// and rows whose time to be kept has passed.
///
/// It spares every transfer whose job has not ended, and a store that is not this catalog's. All ages are by the
/// database's clock. Two sweeps at once do no harm.
public struct Sweeper: Sendable {
    private let catalog: ImageCatalog
    private let stores: [any SweptStore]
    private let policy: RetentionPolicy
    private let isDryRun: Bool
    private let logger: Logger

    /// Rows removed in one transaction, and bytes judged in one question.
    private let batchLimit = 200

    /// A sweeper of some stores.
    ///
    /// - Parameter isDryRun: Whether only to tell what a sweep would remove.
    public init(
        catalog: ImageCatalog, stores: [any SweptStore], policy: RetentionPolicy, isDryRun: Bool = false, logger: Logger
    ) {
        self.catalog = catalog
        self.stores = stores.sorted { $0.name < $1.name }
        self.policy = policy
        self.isDryRun = isDryRun
        self.logger = logger
    }

    /// Sweeps once.
    ///
    /// What cannot be removed now is logged, counted and left to the next sweep.
    ///
    /// - Parameter onFinding: Is told of everything that is, or would be, removed from a store.
    public func sweep(onFinding: (SweepFinding) -> Void = { _ in }) async throws(CatalogError) -> SweepReport {
        var report = SweepReport()
        let id = try await catalog.read { try $0.catalogID() }
        var owned: [any SweptStore] = []
        for store in stores {
            do throws(StoreError) {
                try await store.requireOwned(by: id)
                owned.append(store)
            } catch {
                note("A store is not swept", ["store": "\(store.name)", "error": "\(error)"], &report)
            }
        }
        try await discardLeftovers(in: owned, &report, onFinding)
        for store in owned { try await sweep(store, &report, onFinding) }
        report.images = try await deleteOverdue()
        report.rows = try await prune()
        return report
    }

    /// Deletes for good what was deleted so long ago that it cannot be restored any more.
    private func deleteOverdue() async throws(CatalogError) -> Int {
        var overdue = try await catalog.overdueImages()[...]
        guard !isDryRun else { return overdue.count }
        var count = 0
        while !overdue.isEmpty, !Task.isCancelled {
            count += try await catalog.deleteOverdue(Array(overdue.prefix(batchLimit)))
            overdue = overdue.dropFirst(batchLimit)
        }
        return count
    }
}

// MARK: - Transfers that ended jobs left open

extension Sweeper {
    /// Removes these at once, whatever their age: their jobs have ended, and nobody will come back for them.
    private func discardLeftovers(
        in owned: [any SweptStore], _ report: inout SweepReport, _ onFinding: (SweepFinding) -> Void
    ) async throws(CatalogError) {
        var last: TransferID?
        while !Task.isCancelled {
            let (after, limit) = (last, batchLimit)
            let page = try await catalog.read { try $0.leftoverTransfers(after: after, limit: limit) }
            guard let end = page.last else { return }
            last = end.id
            for transfer in page where !Task.isCancelled {
                guard let store = owned.first(where: { $0.name == transfer.store }) else { continue }
                do {
                    try await discard(transfer, in: store, &report, onFinding)
                } catch {
                    note(
                        "What a job left behind could not be removed",
                        ["job-id": "\(transfer.job)", "transfer": "\(transfer.id)", "error": "\(error)"], &report)
                }
            }
        }
    }

    private func discard(
        _ transfer: TransferOutline, in store: any SweptStore, _ report: inout SweepReport,
        _ onFinding: (SweepFinding) -> Void
    ) async throws {
        let object = try await store.removeLeftBytes(of: transfer.id, notIn: catalog, isDryRun: isDryRun)
        if !isDryRun { try await catalog.noteSwept(transfer.id) }
        report.transfers += 1
        onFinding(
            SweepFinding(
                store: store.name, transfer: transfer.id, objectKey: object?.objectKey, size: object?.size,
                reason: .jobEnded))
    }
}

// MARK: - Bytes that no row explains

extension Sweeper {
    private func sweep(
        _ store: any SweptStore, _ report: inout SweepReport, _ onFinding: (SweepFinding) -> Void
    ) async throws(CatalogError) {
        do {
            for shelf in try await store.shelves() where !Task.isCancelled {
                var items = try await store.items(on: shelf)[...]
                while !items.isEmpty, !Task.isCancelled {
                    let batch = items.prefix(batchLimit)
                    items = items.dropFirst(batchLimit)
                    try await remove(from: batch, in: store, &report, onFinding)
                }
            }
        } catch let error as CatalogError {
            throw error
        } catch {
            note("A store could not be swept", ["store": "\(store.name)", "error": "\(error)"], &report)
        }
    }

    private func remove(
        from batch: ArraySlice<StoredItem>, in store: any SweptStore, _ report: inout SweepReport,
        _ onFinding: (SweepFinding) -> Void
    ) async throws {
        let bytes = batch.map {
            StoredBytes(transfer: $0.transfer, objectKey: $0.objectKey, modifiedAt: $0.modifiedAt)
        }
        let unneeded = Set(try await catalog.unneeded(among: bytes, in: store.name, olderThan: policy.staging))
        for (item, bytes) in zip(batch, bytes) where unneeded.contains(bytes) && !Task.isCancelled {
            do throws(StoreError) {
                if !isDryRun { try await remove(item, from: store) }
            } catch {
                note("Bytes could not be removed", ["transfer": "\(item.transfer)", "error": "\(error)"], &report)
                continue
            }
            if item.objectKey == nil { report.staged += 1 } else { report.objects += 1 }
            report.bytes += item.size
            onFinding(
                SweepFinding(
                    store: store.name, transfer: item.transfer, objectKey: item.objectKey, size: item.size,
                    reason: .unneeded))
        }
    }

    private func remove(_ item: StoredItem, from store: any SweptStore) async throws(StoreError) {
        if let key = item.objectKey {
            try await store.delete(objectKey: key)
        } else {
            try await store.discard(item.transfer)
        }
    }
}

// MARK: - Rows

extension Sweeper {
    private func prune() async throws(CatalogError) -> PruneCount {
        let policy = policy
        let horizon = try await catalog.read { rows in policy.horizon(at: rows.now) }
        guard !isDryRun else { return try await catalog.read { try $0.prunable(horizon) } }
        var sum = PruneCount()
        while !Task.isCancelled {
            let count = try await catalog.prune(horizon, limit: batchLimit)
            sum.jobs += count.jobs
            sum.events += count.events
            sum.cancels += count.cancels
            if max(count.jobs, count.events, count.cancels) < batchLimit { break }
        }
        return sum
    }

    private func note(_ what: Logger.Message, _ metadata: Logger.Metadata, _ report: inout SweepReport) {
        logger.warning(what, metadata: metadata)
        report.problems += 1
    }
}

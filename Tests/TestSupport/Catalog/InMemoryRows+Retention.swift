import Catalog
import ImageModel

extension InMemoryRows {
    func transferOutline(_ id: TransferID) throws -> TransferOutline? { tables.transfers[id].map { outline($0.value) } }

    func leftoverTransfers(after: TransferID?, limit: Int) throws -> [TransferOutline] {
        let leftovers = tables.transfers.values.map(\.value).filter { transfer in
            mayHaveLeftBytes(transfer) && after.map { transfer.id > $0 } ?? true
                && tables.jobs[transfer.job]?.job.state.isTerminal ?? true
        }
        return leftovers.map(outline).sorted { $0.id < $1.id }.prefix(limit).map(\.self)
    }

    func isReplica(_ objectKey: String, in store: StoreName) throws -> Bool {
        tables.images.values.contains { row in
            row.value.replicas.contains { $0.store == store && $0.objectKey == objectKey }
        }
    }

    func markDiscarded(_ transfer: TransferID) throws { tables.transfers[transfer]?.value.state = .discarded }

    func prunable(_ horizon: RetentionHorizon) throws -> PruneCount {
        PruneCount(
            jobs: endedJobs(before: horizon.jobs).count, events: oldEvents(before: horizon.history).count,
            cancels: oldCancels(before: horizon.jobs).count)
    }

    func prune(_ horizon: RetentionHorizon, limit: Int) throws -> PruneCount {
        let jobs = Set(endedJobs(before: horizon.jobs).prefix(limit))
        let events = Set(oldEvents(before: horizon.history).prefix(limit))
        let cancels = oldCancels(before: horizon.jobs).prefix(limit)
        for job in jobs { tables.jobs[job] = nil }
        for transfer in tables.transfers.values.map(\.value) where jobs.contains(transfer.job) {
            tables.transfers[transfer.id] = nil
        }
        tables.outbox.removeAll { events.contains($0.number) }
        for cancel in cancels {
            tables.cancels[cancel.job]?[cancel.account] = nil
            if tables.cancels[cancel.job]?.isEmpty == true { tables.cancels[cancel.job] = nil }
        }
        return PruneCount(jobs: jobs.count, events: events.count, cancels: cancels.count)
    }

    private func endedJobs(before horizon: Timestamp) -> [JobID] {
        let awaited = Set(tables.jobs.values.map(\.job).filter { !$0.state.isTerminal }.flatMap(\.request.after))
        let unsettled = Set(tables.transfers.values.map(\.value).filter(mayHaveLeftBytes).map(\.job))
        let ended = tables.jobs.values.map(\.job).compactMap { job in
            job.state.isTerminal ? job.endedAt.map { (at: $0, id: job.id) } : nil
        }
        return ended.filter { $0.at < horizon && !awaited.contains($0.id) && !unsettled.contains($0.id) }
            .sorted { ($0.at, $0.id) < ($1.at, $1.id) }.map(\.id)
    }

    private func oldEvents(before horizon: Timestamp) -> [Int64] {
        tables.outbox.filter { $0.publishedAt.map { $0 < horizon } ?? false }.map(\.number)
    }

    private func oldCancels(before horizon: Timestamp) -> [(job: JobID, account: AccountID?)] {
        tables.cancels.flatMap { job, accounts in accounts.map { (job: job, account: $0.key, at: $0.value) } }
            .filter { $0.at < horizon }
            .sorted { ($0.at, $0.job, $0.account?.rawValue ?? "") < ($1.at, $1.job, $1.account?.rawValue ?? "") }
            .map { (job: $0.job, account: $0.account) }
    }

    private func mayHaveLeftBytes(_ transfer: Transfer) -> Bool {
        switch transfer.state {
        case .staging, .committing, .abandoned: true
        case .committed, .discarded: false
        }
    }

    private func outline(_ transfer: Transfer) -> TransferOutline {
        TransferOutline(id: transfer.id, job: transfer.job, store: transfer.store)
    }
}

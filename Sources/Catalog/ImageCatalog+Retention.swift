public import ImageModel

/// Bytes that lie in a store, of which it is asked whether anybody needs them.
public struct StoredBytes: Hashable, Sendable {
    /// The transfer that brought them.
    public var transfer: TransferID
    /// The key of the object they are; nil while they are staged.
    public var objectKey: String?
    /// When they were last written.
    public var modifiedAt: Timestamp

    /// Bytes from what a store tells.
    public init(transfer: TransferID, objectKey: String?, modifiedAt: Timestamp) {
        self.transfer = transfer
        self.objectKey = objectKey
        self.modifiedAt = modifiedAt
    }
}

extension ImageCatalog {
    /// Those of `bytes` that nobody needs and nobody will: old enough by the database's clock, no replica, and of no
    /// job that has not ended.
    ///
    /// What is unneeded stays so: a transfer's key is never used again, and only the job of a transfer makes a replica
    /// of it.
    public func unneeded(
        among bytes: [StoredBytes], in store: StoreName, olderThan age: Duration
    ) async throws(CatalogError) -> [StoredBytes] {
        try await read { rows in
            try bytes.filter { bytes in
                guard bytes.modifiedAt + age <= rows.now else { return false }
                if let transfer = try rows.transferOutline(bytes.transfer) {
                    guard transfer.store == store, try rows.job(transfer.job)?.state.isTerminal ?? true else {
                        return false
                    }
                }
                guard let key = bytes.objectKey else { return true }
                return try !rows.isReplica(key, in: store)
            }
        }
    }

    /// Records that nothing is left of a transfer whose job has ended.
    ///
    /// - Throws: ``CatalogError`` with `forbidden` when the job has not ended: its worker alone may say so.
    public func noteSwept(_ id: TransferID) async throws(CatalogError) {
        try await write { ledger in
            guard let transfer = try ledger.rows.transferOutline(id) else { return }
            guard try ledger.rows.job(transfer.job)?.state.isTerminal ?? true else {
                throw CatalogError(.forbidden, "job \(transfer.job), to which transfer \(id) belongs, has not ended")
            }
            try ledger.rows.markDiscarded(id)
        }
    }

    /// Deleted images that could be restored and cannot any more, the newest first.
    public func overdueImages() async throws(CatalogError) -> [ImageID] {
        let policy = policy
        return try await read { rows in
            try rows.images(ImageFilter(statuses: [.pendingDelete], limit: .max)).filter { image in
                image.updatedAt + policy.retention(of: image) <= rows.now
            }.map(\.id)
        }
    }

    /// Accepts a delete job, in the name of the platform, for each of these images that is still overdue.
    ///
    /// - Returns: How many were accepted.
    public func deleteOverdue(_ images: [ImageID]) async throws(CatalogError) -> Int {
        try await write { ledger in try ledger.deleteOverdue(images) }
    }

    /// Forgets what is older than the horizon, at most `limit` rows of each sort, so that no writer waits for long.
    public func prune(_ horizon: RetentionHorizon, limit: Int) async throws(CatalogError) -> PruneCount {
        try await write { ledger in try ledger.rows.prune(horizon, limit: limit) }
    }
}

public import ImageModel

extension ImageCatalog {
    /// Measures the free space of a store, so that some of it can be promised.
    ///
    /// - Parameters:
    ///   - reserveBytes: How much of it must stay free.
    ///   - freeBytes: Asks the store; nil from a store without bounds.
    /// - Returns: nil when the store has no bounds and nothing needs to be promised.
    /// - Throws: ``CatalogError``; what `freeBytes` threw.
    public func measureSpace(
        of store: StoreName, leaving reserveBytes: Int64, _ freeBytes: () async throws -> Int64?
    ) async throws -> SpaceMeasurement? {
        // In this order: see the decision about space.
        let released = try await read { try $0.promises(in: store).released }
        return try await freeBytes().map { free in
            SpaceMeasurement(freeBytes: free, reserveBytes: reserveBytes, releasedBefore: released)
        }
    }

    /// Promises more of its store to a transfer that has begun.
    ///
    /// - Parameters:
    ///   - space: A measurement of the transfer's store; nil when it has no bounds.
    ///   - keptBytes: What the staging is about to be cut to, before an attempt goes on with it.
    /// - Returns: The transfer, with at least what was demanded.
    /// - Throws: ``CatalogError`` with `noSpace` when the store cannot take so much besides all that is promised
    ///   already; with `fenced` when the lease is lost.
    public func reserve(
        _ lease: JobLease, of transfer: TransferID, _ demand: SpaceDemand, in space: SpaceMeasurement?,
        keptBytes: Int64? = nil
    ) async throws(CatalogError) -> Transfer {
        try await write { ledger in
            try ledger.reserve(lease, of: transfer, demand, in: space, keptBytes: keptBytes)
        }
    }

    /// Records that a conversion takes scratch space, and promises it some.
    ///
    /// It counts for no quota. It ends with the job, when the attempt gives it up, and when the next one begins.
    ///
    /// - Parameters:
    ///   - place: The name of the scratch space.
    ///   - space: A measurement of it; nil when it has no bounds.
    /// - Throws: ``CatalogError`` with `noSpace` when it cannot take so much; with `fenced` when the lease is lost.
    public func beginScratch(
        _ lease: JobLease, in place: StoreName, _ demand: SpaceDemand, _ space: SpaceMeasurement?
    ) async throws(CatalogError) -> Transfer {
        try await write { ledger in try ledger.beginScratch(lease, in: place, demand, space) }
    }

    /// Records that the first `bytes` of transfers have been written, so that they count no longer as promised.
    ///
    /// Less than was written does no harm: it only keeps others from the space for longer. More would.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost.
    public func noteWritten(
        _ lease: JobLease, of transfers: [TransferID], _ bytes: Int64
    ) async throws(CatalogError) {
        try await write { ledger in try ledger.noteWritten(lease, of: transfers, bytes) }
    }
}

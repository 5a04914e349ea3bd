import ImageModel

/// Who may fill how much of a store.
///
/// What is promised to all open transfers of a store and not written yet never exceeds what was free of it.
extension Ledger {
    /// Promises more of its store to a transfer, or says that it cannot be promised.
    ///
    /// - Parameter keptBytes: What its staging is about to be cut to, when another attempt goes on with it.
    func reserve(
        _ lease: JobLease, of id: TransferID, _ demand: SpaceDemand, in space: SpaceMeasurement?, keptBytes: Int64?
    ) throws -> Transfer {
        var transfer = try transfer(id, of: lease)
        if let keptBytes {
            try setWritten(keptBytes, of: &transfer)
            // The sum of all promises is to count what this one has to write again.
            try rows.update(transfer)
        }
        try promise(demand, to: &transfer, in: space)
        try rows.update(transfer)
        return transfer
    }

    /// Records how much of what was promised to a job's transfers has been written.
    func noteWritten(_ lease: JobLease, of ids: [TransferID], _ bytes: Int64) throws {
        for id in ids {
            var transfer = try transfer(id, of: lease)
            guard bytes > transfer.writtenBytes else { continue }
            try setWritten(bytes, of: &transfer)
            try rows.update(transfer)
        }
    }

    /// Raises what is promised to a transfer, whose row the caller writes back; a store without bounds promises nothing.
    func promise(_ demand: SpaceDemand, to transfer: inout Transfer, in space: SpaceMeasurement?) throws {
        guard let space, demand.most > transfer.reservedBytes else { return }
        let promises = try rows.promises(in: transfer.store)
        // Bytes that were released after the measurement may have been written after it, too.
        let free = space.freeBytes - (promises.released - space.releasedBefore)
        let available = free - space.reserveBytes - promises.outstanding
        let needed = demand.least - transfer.reservedBytes
        guard available >= needed else {
            let others = promises.outstanding - transfer.unwrittenBytes
            let kept = space.reserveBytes > 0 ? ", \(ByteCount(space.reserveBytes)) kept free (reserve_bytes)" : ""
            throw CatalogError(
                .noSpace,
                "store \(transfer.store): \(ByteCount(demand.least - transfer.writtenBytes)) needed, "
                    + "\(ByteCount(free)) free, \(ByteCount(others)) of it promised to other imports" + kept)
        }
        transfer.reservedBytes += max(0, min(demand.most - transfer.reservedBytes, available))
    }

    /// Records what was written of a transfer, whose row the caller writes back.
    func setWritten(_ bytes: Int64, of transfer: inout Transfer) throws {
        let before = transfer.unwrittenBytes
        transfer.writtenBytes = bytes
        try release(before - transfer.unwrittenBytes, in: transfer.store)
    }

    /// Ends a transfer, and with it all that was promised to it.
    @discardableResult
    func close(_ transfer: Transfer, as state: TransferState) throws -> Transfer {
        var transfer = transfer
        try release(transfer.unwrittenBytes, in: transfer.store)
        // What lies in a scratch space goes with the process that put it there, without the catalog's help.
        transfer.state = transfer.isScratch ? .discarded : state
        transfer.reservedBytes = 0
        transfer.writtenBytes = 0
        try rows.update(transfer)
        return transfer
    }

    private func release(_ bytes: Int64, in store: StoreName) throws {
        if bytes > 0 { try rows.noteReleased(bytes, in: store) }
    }
}

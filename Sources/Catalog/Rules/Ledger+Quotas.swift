import ImageModel

extension Ledger {
    /// Why an owner may not have one more image; nil when it may.
    func imageQuotaRefusal(of owner: AccountID?) throws -> Failure? {
        guard let limit = limits.ownerImages else { return nil }
        let images = try rows.usage(of: owner).images
        guard images >= limit else { return nil }
        return Failure(
            .quotaExceeded, "\(name(of: owner)) has \(images) images; limits.owner.images is \(limit)",
            stage: .accepting)
    }

    /// Reserves bytes of its owner's quota for a job, once for each store, in place of what it had reserved before.
    ///
    /// - Throws: ``CatalogError`` with `quotaExceeded` when there is no room for them, whatever other jobs do.
    func reserve(_ size: Int64, in stores: Set<StoreName>, for job: Job) throws {
        guard limits.ownerBytes != nil || job.reservedBytes != nil else { return }
        let (product, isTooMany) = size.multipliedReportingOverflow(by: Int64(stores.count))
        let bytes = isTooMany ? Int64.max : product
        guard bytes != job.reservedBytes ?? 0 else { return }
        // Giving some back needs no room.
        if let limit = limits.ownerBytes, bytes > job.reservedBytes ?? 0 {
            let owner = job.request.owner
            let usage = try rows.usage(of: owner)
            let others = usage.bytes + usage.reservedBytes - (job.reservedBytes ?? 0)
            guard bytes <= limit - min(others, limit) else {
                throw CatalogError(
                    .quotaExceeded,
                    "\(name(of: owner)) has \(others) bytes stored or reserved, and this image needs \(bytes); "
                        + "limits.owner.bytes is \(limit)")
            }
        }
        var reserving = job
        reserving.reservedBytes = bytes == 0 ? nil : bytes
        guard try rows.update(reserving, ifFenceIs: job.fence) else {
            throw CatalogError(.fenced, "job \(job.id) moved on from fence \(job.fence)")
        }
    }

    private func name(of owner: AccountID?) -> String { owner.map { "owner \($0)" } ?? "the platform" }
}

import Catalog
import ImageModel
import ImageSource
import ImageStore
import Logging

/// Fetch, digest, inspect, store, record: the order of steps of an import, and the only place that knows it.
struct ImportJob {
    private let claimed: ClaimedJob
    private let environment: JobEnvironment

    init(_ claimed: ClaimedJob, environment: JobEnvironment) {
        self.claimed = claimed
        self.environment = environment
    }

    func run() async throws {
        let plan = try ImportPlan(claimed, environment: environment)
        if try await finishEarlierCommit(plan) { return }
        try await discardLeftovers()
        let (result, transfers, objects) = try await environment.source.withSource(plan.fetch) { source in
            try verifyHeaders(source.facts, plan)
            return try await store(source, plan)
        }
        try await complete(result, transfers, objects)
    }

    /// Brings the bytes into every store; whatever goes wrong, nothing of them stays.
    private func store(
        _ source: any OpenedSource, _ plan: ImportPlan
    ) async throws -> (TransferResult, [Transfer], [StoredObject]) {
        var transfers: [Transfer] = []
        for store in plan.stores {
            transfers.append(try await environment.catalog.beginTransfer(claimed.lease, to: store.name))
        }
        do {
            let size = source.facts.size
            let staging = Staging(stores: plan.stores, transfers: transfers.map(\.id), expectedSize: size)
            let begun = transfers
            let (result, objects) = try await staging.withStagedImages { staged in
                let pass = BytePass(
                    source: source, staged: staged, plan: plan, claimed: claimed, environment: environment)
                let result = try await pass.run()
                for image in staged { _ = try await image.synchronize() }
                for transfer in begun {
                    try await environment.catalog.beginCommit(claimed.lease, of: transfer.id, with: result)
                }
                var objects: [StoredObject] = []
                for image in staged { objects.append(try await image.commit()) }
                return (result, objects)
            }
            return (result, transfers, objects)
        } catch {
            await discard(transfers, after: error)
            throw error
        }
    }

    private func complete(_ result: TransferResult, _ transfers: [Transfer], _ objects: [StoredObject]) async throws {
        let replicas = zip(transfers, objects).map { transfer, object in
            Replica(store: transfer.store, state: .available, objectKey: object.objectKey, url: object.url)
        }
        try await environment.catalog.completeImport(claimed.lease, result: result, replicas: replicas)
    }
}

// MARK: - What earlier attempts left

extension ImportJob {
    /// A worker that died between committing and recording left whole, verified objects: record them.
    private func finishEarlierCommit(_ plan: ImportPlan) async throws -> Bool {
        let committing = claimed.transfers.filter { $0.state == .committing }
        guard committing.count == plan.stores.count, let result = committing.first?.result else { return false }
        var objects: [StoredObject] = []
        for transfer in committing {
            guard let object = try await environment.stores[transfer.store]?.committedObject(of: transfer.id),
                object.size == result.content.size
            else { return false }
            objects.append(object)
        }
        try await complete(result, committing, objects)
        return true
    }

    /// Removes what attempts of dead workers staged or committed without recording it.
    ///
    /// A worker that is not dead but frozen still holds its staging. It is no obstacle: it will find its lease lost
    /// before it may commit, and removes its bytes then. The transfer stays recorded for the next look.
    private func discardLeftovers() async throws {
        for transfer in claimed.transfers {
            do {
                try await removeBytes(of: transfer)
            } catch let error as StoreError where error.isTransient && transfer.state == .staging {
                warn(transfer, error)
                continue
            }
            try await environment.catalog.noteDiscarded(claimed.lease, transfer.id)
        }
    }

    /// Removes the bytes of this attempt, so that a failed job leaves none. What cannot be removed now stays recorded.
    ///
    /// When the lease is lost only staged bytes go: an object that was committed may be the successor's by now.
    private func discard(_ transfers: [Transfer], after error: any Error) async {
        let isFenced = (error as? CatalogError)?.code == .fenced
        for transfer in transfers {
            do {
                guard !isFenced else {
                    try await environment.stores[transfer.store]?.discard(transfer.id)
                    continue
                }
                try await removeBytes(of: transfer)
                try await environment.catalog.noteDiscarded(claimed.lease, transfer.id)
            } catch {
                warn(transfer, error)
            }
        }
    }

    private func warn(_ transfer: Transfer, _ error: any Error) {
        environment.logger.warning(
            "The bytes of a transfer could not be removed",
            metadata: [
                "job-id": "\(claimed.job.id)", "transfer": "\(transfer.id)", "store": "\(transfer.store)",
                "error": "\(error)",
            ])
    }

    private func removeBytes(of transfer: Transfer) async throws {
        guard let store = environment.stores[transfer.store] else { return }
        if let object = try await store.committedObject(of: transfer.id) {
            try await store.delete(objectKey: object.objectKey)
        }
        try await store.discard(transfer.id)
    }
}

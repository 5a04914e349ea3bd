import Catalog
import ImageModel
import ImageStore

/// Removes an image or one replica of it: tombstone, bytes, row.
struct DeleteJob {
    private let lease: JobLease
    private let environment: JobEnvironment

    init(_ claimed: ClaimedJob, environment: JobEnvironment) {
        lease = claimed.lease
        self.environment = environment
    }

    func run() async throws {
        guard let replicas = try await environment.catalog.beginDelete(lease) else { return }
        for replica in replicas {
            guard let key = replica.objectKey else { continue }
            guard let store = environment.stores[replica.store] else {
                // After the tombstone nothing fails: a worker that knows the store will go on.
                throw Failure(
                    .storeUnavailable, "store \"\(replica.store)\" is not configured on this worker",
                    stage: .storing, isRetryable: true)
            }
            try await store.delete(objectKey: key)
        }
        try await environment.catalog.completeDelete(lease)
    }
}

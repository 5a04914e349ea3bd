import Catalog
import ImageInspection
import ImageModel
import ImageStore
import Logging

/// Records how far an attempt's bytes are durable: first the bytes, then the record of them.
struct CheckpointWriter: Sendable {
    let staged: [DestinedImage]
    let source: SourceFacts
    let lease: JobLease
    let catalog: ImageCatalog
    let logger: Logger

    /// Whether there can be a checkpoint after `bytes`: only after whole pages, which are whole blocks of every digest
    /// too.
    static func isPossible(after bytes: Int64) -> Bool {
        bytes > 0 && bytes % Int64(ChunkPool.alignment) == 0
    }

    /// Makes at least `bytes` durable in every store that the attempt has not lost, then records it.
    ///
    /// A checkpoint that the catalog cannot take now is left out: it would only have saved time.
    func write(after bytes: Int64, _ pending: PendingMidstates) async throws {
        for image in staged {
            guard try await image.synchronize() >= bytes else { return }
        }
        let midstates = await pending.values().filter { $0.byteCount == bytes }
        do throws(CatalogError) {
            try await catalog.noteCheckpoint(
                lease, of: staged.filter { !$0.isLost }.map(\.transfer.id),
                TransferCheckpoint(durableBytes: bytes, midstates: midstates, source: source))
            logger.debug("Checkpoint written", metadata: ["job-id": "\(lease.job)", "bytes": "\(bytes)"])
        } catch {
            guard error.code == .unavailable else { throw error }
        }
    }
}

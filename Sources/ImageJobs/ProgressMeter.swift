import Catalog
import ImageModel
import ImageSource

/// Tells how far a pass is, at most once in every interval.
struct ProgressMeter {
    private let claimed: ClaimedJob
    private let environment: JobEnvironment
    private let source: SourceFacts
    private var lastNote: (time: Duration, bytes: Int64)

    /// A meter that begins at `bytes`, which came in an earlier attempt.
    init(claimed: ClaimedJob, environment: JobEnvironment, source: SourceFacts, bytes: Int64) {
        self.claimed = claimed
        self.environment = environment
        self.source = source
        lastNote = (environment.time.now(), bytes)
    }

    /// Notes that `bytes` have passed.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when the job has been given to another worker.
    mutating func note(_ bytes: Int64) async throws {
        let now = environment.time.now()
        let elapsed = now - lastNote.time
        guard elapsed >= environment.progressInterval else { return }
        let rate = Double(bytes - lastNote.bytes) / max(elapsed.inSeconds, 0.001)
        lastNote = (now, bytes)
        let progress = JobProgress(
            stage: .fetching, bytes: bytes, total: source.size, bytesPerSecond: Int64(rate))
        do throws(CatalogError) {
            let event = try await environment.catalog.noteProgress(claimed.lease, progress, source: source)
            environment.announceProgress(event)
        } catch {
            // Progress may be lost while the catalog is away; the right to go on may not.
            guard error.code == .unavailable else { throw error }
        }
    }
}

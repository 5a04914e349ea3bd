import Catalog
import ImageModel
import ImageSource

/// Tells how far a pass is, at most once in every interval.
struct ProgressMeter {
    private let claimed: ClaimedJob
    private let environment: JobEnvironment
    private let source: SourceFacts
    private let phase: ProgressPhase
    private var lastNote: (time: Duration, bytes: Int64)

    /// A meter that begins at `bytes`, which came in an earlier attempt.
    init(
        claimed: ClaimedJob, environment: JobEnvironment, source: SourceFacts, bytes: Int64,
        in phase: ProgressPhase = .fetching
    ) {
        self.claimed = claimed
        self.environment = environment
        self.source = source
        self.phase = phase
        lastNote = (environment.time.now(), bytes)
    }

    /// Notes that `bytes` of this phase have passed.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when the job has been given to another worker.
    mutating func note(_ bytes: Int64) async throws {
        let now = environment.time.now()
        let elapsed = now - lastNote.time
        guard elapsed >= environment.progressInterval else { return }
        let rate = Double(bytes - lastNote.bytes) / max(elapsed.inSeconds, 0.001)
        lastNote = (now, bytes)
        let progress = JobProgress(
            stage: phase.stage, bytes: phase.before + bytes, total: phase.size.map { phase.before + $0 } ?? source.size,
            bytesPerSecond: Int64(rate))
        do throws(CatalogError) {
            let event = try await environment.catalog.noteProgress(claimed.lease, progress, source: source)
            environment.announceProgress(event)
        } catch {
            // Progress may be lost while the catalog is away; the right to go on may not.
            guard error.code == .unavailable else { throw error }
        }
    }
}

/// A part of an attempt's work, as progress tells it: its bytes are counted behind those of the parts before.
struct ProgressPhase {
    /// What is done.
    let stage: JobStage
    /// The bytes of the parts before.
    let before: Int64
    /// The bytes of this one; nil when they are what the source has.
    let size: Int64?

    /// The first part, and mostly the only one.
    static let fetching = Self(stage: .fetching, before: 0, size: nil)

    /// The same part while what an earlier one staged is read again.
    var verifying: Self { Self(stage: .verifying, before: before, size: size) }

    /// The part after this one.
    func next(_ stage: JobStage, after bytes: Int64, size: Int64) -> Self {
        Self(stage: stage, before: before + bytes, size: size)
    }
}

import Catalog
import ImageInspection
import ImageModel
import ImageSource
import ImageStore
import Logging

/// The one pass over the bytes: each chunk is digested, inspected and written, and never touched again.
struct BytePass {
    let source: any PassedBytes
    let staged: [any StagedImage]
    let plan: ImportPlan
    let claimed: ClaimedJob
    let environment: JobEnvironment
    let control: JobControl
    /// What is known of the bytes before those to come.
    let seen: BytesSeen
    /// Where the bytes go.
    let space: ReservedSpace
    /// Nil when nothing could go on from a checkpoint.
    let checkpoints: CheckpointWriter?
    /// What of the attempt's work this is.
    var phase = ProgressPhase.fetching
    /// Whether these bytes are the image, and not what it will be made of.
    var isLast = true

    /// Reads the source to its end and returns what all bytes were, compared with all that was expected.
    func run() async throws -> TransferResult {
        let begin = seen.count
        do {
            try await move()
        } catch let error where error is SourceError || error is CancellationError {
            // What ended is the fetch: all that came before is whole, and worth a last checkpoint. Only the end of the job
            // will remove it, and shall not wait for the disk.
            let isWorthKeeping = control.reason?.endsJob != true
            if let checkpoints, isWorthKeeping, seen.count > begin, CheckpointWriter.isPossible(after: seen.count) {
                try? await checkpoints.write(after: seen.count, seen.mark())
            }
            throw error
        }
        let (report, digests) = try await seen.finish()
        let facts = try await source.finish(digests)
        let virtualSize = report.virtualSize ?? seen.count
        let findings = report.findings + source.contradictions(to: virtualSize)
        log(findings)
        let content = ImageContent(
            format: report.format.imageFormat ?? .raw, size: seen.count, virtualSize: virtualSize,
            digests: digests.filter { plan.recorded.contains($0.algorithm) }, findings: findings)
        if isLast { try verifyPolicy(content) }
        return TransferResult(content: content, source: facts, os: source.os)
    }

    /// Brings every chunk to where it belongs. Checkpoints are written beside that, one at a time, so that the bytes
    /// need not wait for the disk.
    private func move() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var meter = ProgressMeter(
                claimed: claimed, environment: environment, source: source.facts, bytes: source.count, in: phase)
            var nextCheckpoint = seen.count + environment.checkpointInterval
            while let chunk = try await source.nextChunk() {
                try await seen.add(chunk)
                try await space.cover(seen.count)
                for image in staged { try await image.append(chunk) }
                try await meter.note(source.count)
                let bytes = seen.count
                guard let checkpoints, bytes >= nextCheckpoint, CheckpointWriter.isPossible(after: bytes) else {
                    continue
                }
                nextCheckpoint = bytes + environment.checkpointInterval
                try await group.next()
                let midstates = seen.mark()
                group.addTask { try await checkpoints.write(after: bytes, midstates) }
            }
            try await group.waitForAll()
        }
    }

    /// What the image's profile asks of the bytes.
    private func verifyPolicy(_ content: ImageContent) throws {
        guard case .import(let request) = claimed.job.request.work, let details = claimed.image?.details,
            let refusal = environment.catalog.policy.refusal(of: content, from: request, making: details)
        else { return }
        throw refusal.at(.verifying)
    }

    /// What was let pass is never silent.
    private func log(_ findings: [Finding]) {
        for finding in findings where finding.severity == .warning {
            environment.logger.warning(
                "Inspection let pass: \(finding.message)",
                metadata: [
                    "job-id": "\(claimed.job.id)", "rule": "\(finding.rule.rawValue)",
                    "offset": "\(finding.offset.map(String.init) ?? "-")",
                ])
        }
    }
}

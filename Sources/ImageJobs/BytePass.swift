import Catalog
import ImageInspection
import ImageModel
import ImageSource
import ImageStore

/// The one pass over the bytes: each chunk is digested, inspected and written, and never touched again.
struct BytePass {
    let source: any OpenedSource
    let staged: [any StagedImage]
    let plan: ImportPlan
    let claimed: ClaimedJob
    let environment: JobEnvironment

    /// Reads the source to its end and returns what the bytes were, compared with all that was expected.
    func run() async throws -> TransferResult {
        var facts = source.facts
        let (size, report, digests) = try await ImageDigests.withDigests(Set(plan.algorithms)) { digests in
            var detector = FormatDetector()
            var meter = ProgressMeter(claimed: claimed, environment: environment, source: source.facts)
            var size: Int64 = 0
            while let chunk = try await source.nextChunk() {
                size += Int64(chunk.count)
                try plan.verifySoFar(size)
                try detector.update(chunk)
                try await digests.update(chunk)
                for image in staged { try await image.append(chunk) }
                try await meter.note(size)
            }
            return (size, try detector.finish(), try await digests.finish())
        }
        facts.size = size
        facts.digests = digests
        try plan.verify(size: size, format: report.format, digests: digests)
        try verifyVirtualSize(report)
        let content = ImageContent(
            format: report.format, size: size, virtualSize: report.virtualSize ?? size,
            digests: digests.filter { plan.recorded.contains($0.algorithm) })
        return TransferResult(content: content, source: facts)
    }

    private func verifyVirtualSize(_ report: ImageReport) throws {
        guard let virtualSize = report.virtualSize, virtualSize > environment.limits.virtualBytes else { return }
        throw Failure(
            .sizeLimit,
            "the image describes a disk of \(virtualSize) bytes; limits.virtual_bytes is \(environment.limits.virtualBytes)",
            stage: .verifying)
    }
}

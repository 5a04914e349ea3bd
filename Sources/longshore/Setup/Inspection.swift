import Foundation
import ImageInspection
import ImageModel
import ImageSource
import ImageUnpacking
import LongshoreSettings

/// One look at an image that is not stored: everything a worker would find out on the way.
struct Inspection {
    let algorithms: Set<DigestAlgorithm>
    let expectations: ImageExpectations

    struct Outcome: Sendable {
        let report: ImageReport
        let digests: [Digest]
        /// What the image is served as; nil when it is served as it is.
        let source: SourceFacts?
    }

    /// Reads a file.
    func ofFile(_ path: String) async throws -> Outcome {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandTrouble(.notFound, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { try? file.close() }
        let total = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64
        let pool = ChunkPool()
        return try await inspect(total: total, UnpackLimits()) { () async throws -> ImageChunk? in
            var vacant = pool.makeBuilder()
            // Digests hold a few chunks each for a moment; the pool has more than that.
            while vacant == nil {
                await Task.yield()
                vacant = pool.makeBuilder()
            }
            guard var builder = vacant.take() else { return nil }
            do {
                while builder.room > 0, let data = try file.read(upToCount: builder.room), !data.isEmpty {
                    _ = data.withUnsafeBytes { builder.append($0) }
                }
            } catch {
                throw CommandTrouble(.usage, "\(path): \(error.localizedDescription)")
            }
            return builder.count > 0 ? builder.finish() : nil
        }
    }

    /// Fetches an object, under the rules for workers.
    func ofObject(at url: String, _ settings: Settings) async throws -> Outcome {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let request = FetchRequest(
            url: parts[0], query: parts.count > 1 ? parts[1] : nil, sizeLimit: settings.limits.image.bytes)
        do {
            return try await FetchAccess(settings).source.withSource(request) { source in
                try await inspect(total: source.facts.size, UnpackLimits(settings)) { try await source.nextChunk() }
            }
        } catch let error as SourceError {
            throw CommandTrouble(error.code == .sourceNotFound ? .notFound : .failed, "source: \(error.message)")
        }
    }

    private func inspect(
        total: Int64?, _ limits: UnpackLimits, _ next: @escaping () async throws -> ImageChunk?
    ) async throws -> Outcome {
        try await ImageDigests.withDigests(algorithms) { digests in
            let source = InspectedSource(total: total, digests, next)
            defer { source.progress.clear() }
            guard try await source.isPacked() else {
                let report = try await look { try await source.nextChunk() }
                return Outcome(report: report, digests: try await digests.finish(), source: nil)
            }
            do {
                return try await Unpacker(limits: limits).withUnpacking(
                    announced: total, { try await source.nextChunk() }
                ) { unpacking in try await look(into: unpacking, source, digests) }
            } catch let error as UnpackError {
                throw CommandTrouble(.unsafe, "the image is refused: \(error.message)")
            }
        }
    }

    private func look(
        into unpacking: Unpacking, _ source: InspectedSource, _ served: ImageDigests
    ) async throws -> Outcome {
        try await ImageDigests.withDigests(algorithms) { digests in
            let report = try await look {
                guard let chunk = try await unpacking.nextChunk() else { return nil }
                try await digests.update(chunk)
                return chunk
            }
            return Outcome(
                report: report, digests: try await digests.finish(),
                source: SourceFacts(
                    url: "", size: source.count, digests: try await served.finish(),
                    wrapper: unpacking.facts.wrapper))
        }
    }

    private func look(at next: () async throws -> ImageChunk?) async throws -> ImageReport {
        var inspector = ImageInspector(expectations: expectations)
        while let chunk = try await next() { chunk.withBytes { inspector.look(at: $0) } }
        return inspector.report()
    }
}

/// The bytes as they lie in the file or come from the source.
private final class InspectedSource {
    private let digests: ImageDigests
    private let next: () async throws -> ImageChunk?
    private var first: ImageChunk?
    private(set) var count: Int64 = 0
    var progress: InspectionProgress

    init(total: Int64?, _ digests: ImageDigests, _ next: @escaping () async throws -> ImageChunk?) {
        self.digests = digests
        self.next = next
        progress = InspectionProgress(total: total)
    }

    /// Whether there is something to unpack; comes before the first chunk.
    func isPacked() async throws -> Bool {
        first = try await next()
        return first.map(Unpacker.unpacks) ?? false
    }

    func nextChunk() async throws -> ImageChunk? {
        let taken = first.take()
        guard let chunk = if let taken { taken } else { try await next() } else { return nil }
        count += Int64(chunk.count)
        try await digests.update(chunk)
        progress.show(count)
        return chunk
    }
}

/// A bar on standard error while a long image is read, where somebody looks at it.
private struct InspectionProgress {
    private let total: Int64?
    private let clock = ContinuousClock()
    private let begin: ContinuousClock.Instant
    private var last: ContinuousClock.Instant
    private var isDrawn = false

    init(total: Int64?) {
        self.total = total
        begin = clock.now
        last = begin
    }

    mutating func show(_ bytes: Int64) {
        let now = clock.now
        guard Console.isAsideTerminal, last.duration(to: now) >= .milliseconds(200) else { return }
        last = now
        let seconds = max(begin.duration(to: now) / .seconds(1), 0.001)
        let progress = JobProgress(
            stage: .verifying, bytes: bytes, total: total, bytesPerSecond: Int64(Double(bytes) / seconds))
        Console.drawAside("\r\u{1B}[K" + ProgressLine.text(progress, width: 24))
        isDrawn = true
    }

    func clear() {
        if isDrawn { Console.drawAside("\r\u{1B}[K") }
    }
}

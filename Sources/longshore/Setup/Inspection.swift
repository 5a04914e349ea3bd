import Foundation
import ImageInspection
import ImageModel
import ImageSource
import LongshoreSettings

/// One look at an image that is not stored: everything a worker would find out on the way.
struct Inspection {
    let algorithms: Set<DigestAlgorithm>
    let expectations: ImageExpectations

    struct Outcome: Sendable {
        let report: ImageReport
        let digests: [Digest]
    }

    /// Reads a file.
    func ofFile(_ path: String) async throws -> Outcome {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandTrouble(.notFound, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { try? file.close() }
        let total = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64
        let pool = ChunkPool()
        return try await inspect(total: total) { () async throws -> ImageChunk? in
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
                try await inspect(total: source.facts.size) { try await source.nextChunk() }
            }
        } catch let error as SourceError {
            throw CommandTrouble(error.code == .sourceNotFound ? .notFound : .jobFailed, "source: \(error.message)")
        }
    }

    private func inspect(total: Int64?, _ next: () async throws -> ImageChunk?) async throws -> Outcome {
        try await ImageDigests.withDigests(algorithms) { digests in
            var inspector = ImageInspector(expectations: expectations)
            var progress = InspectionProgress(total: total)
            defer { progress.clear() }
            while let chunk = try await next() {
                chunk.withBytes { inspector.look(at: $0) }
                try await digests.update(chunk)
                progress.show(inspector.position)
            }
            return Outcome(report: inspector.report(), digests: try await digests.finish())
        }
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

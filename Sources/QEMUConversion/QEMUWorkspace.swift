import ImageConversion
import ImageModel
import ImageStore
import Synchronization

/// A folder that holds one image before and after its conversion.
struct QEMUWorkspace: ConversionWorkspace {
    let path: String
    let scratch: StoreName
    let sandbox: Sandbox
    let original: any StagedImage

    init(path: String, scratch: StoreName, sandbox: Sandbox) throws(StoreError) {
        self.path = path
        self.scratch = scratch
        self.sandbox = sandbox
        original = try ScratchFile(in: path, of: scratch)
    }

    func withBytes<Result: Sendable>(
        of file: ConversionFile, _ body: (any ConversionBytes) async throws -> Result
    ) async throws -> Result {
        let name = file == .original ? WorkspaceFile.original : WorkspaceFile.result
        return try await body(try ScratchReader(name, in: path, of: scratch))
    }

    func withConversion(
        _ conversion: Conversion, _ body: (ConversionSteps) async throws -> Void
    ) async throws {
        let run = QEMURun(conversion, in: path, sandbox)
        let (steps, continuation) = ConversionSteps.makeStream(bufferingPolicy: .bufferingNewest(1))
        let done = DonePart()
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await run.perform { done.raise(to: $0) }
                return .converted
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.stepInterval)) != nil {
                    continuation.yield(
                        ConversionProgress(fraction: done.fraction, resultBytes: run.resultBytes))
                }
                return .stopped
            }
            defer { group.cancelAll() }
            try await body(steps)
            // The steps end when the task is cancelled, too; the run tells what it was.
            while let end = try await group.next(), end != .converted {}
            try Task.checkCancellation()
        }
    }

    private enum End {
        case converted
        case stopped
    }

    private static let stepInterval = Duration.milliseconds(200)
}

/// What of a conversion is done.
private final class DonePart: Sendable {
    private let state = Mutex(0.0)

    var fraction: Double { state.withLock { $0 } }

    func raise(to fraction: Double) {
        state.withLock { $0 = max($0, fraction) }
    }
}

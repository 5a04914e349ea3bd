import Foundation
import Testing

/// Where a worker dies: see `CrashPoint` of the crash worker for the names.
struct Death: Sendable, CustomTestStringConvertible {
    let point: String
    let passage: Int

    init(_ point: String, _ passage: Int = 1) {
        self.point = point
        self.passage = passage
    }

    var testDescription: String { passage == 1 ? point : "\(point), passage \(passage)" }
}

extension Site {
    /// Starts the product's worker with a fuse at one point of its life.
    func startDoomedWorker(
        _ death: Death, action: String = "kill", _ overrides: [String: String] = [:]
    ) throws -> Program {
        try start([death.point, "\(death.passage)", action], overrides, executable: Executable.crashWorker)
    }

    /// Waits until a worker has died of its fuse; a worker that came past its point and lives is a mistake of the test.
    func expectDeath(
        of worker: Program, by signal: Int32 = SIGKILL, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(try await worker.waitForEnd() == .signalled(signal), sourceLocation: sourceLocation)
    }
}

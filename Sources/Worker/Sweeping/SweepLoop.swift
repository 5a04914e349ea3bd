import Catalog
import ImageModel
import Logging

/// Sweeps now and then, in one worker of a catalog at a time.
struct SweepLoop: Sendable {
    let sweeper: Sweeper
    let catalog: ImageCatalog
    let worker: WorkerID
    let interval: Duration
    let time: any TimeSource
    let logger: Logger

    private static var role: String { "sweep" }
    /// How often the role is asked for. It lasts three times as long, so that a dead worker's is soon another's.
    private let roleRenewal = Duration.seconds(20)

    /// Sweeps until the task is cancelled: at once when this worker gets the role, then at the interval.
    func run() async {
        var lastSweep: Duration?
        while !Task.isCancelled {
            if await holdsRole() {
                if lastSweep.map({ time.now() - $0 >= interval }) ?? true {
                    lastSweep = time.now()
                    await sweep()
                }
            } else {
                lastSweep = nil
            }
            try? await time.sleep(for: roleRenewal)
        }
        _ = try? await catalog.holdRole(Self.role, as: worker, for: .zero)
    }

    private func holdsRole() async -> Bool {
        do throws(CatalogError) {
            return try await catalog.holdRole(Self.role, as: worker, for: roleRenewal * 3)
        } catch {
            logger.error("The role of the sweeper cannot be asked for", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func sweep() async {
        do throws(CatalogError) {
            let report = try await sweeper.sweep()
            guard !report.isEmpty else { return }
            logger.info(
                "Swept",
                metadata: [
                    "transfers": "\(report.transfers)", "staged": "\(report.staged)", "objects": "\(report.objects)",
                    "bytes": "\(report.bytes)", "images": "\(report.images)", "jobs": "\(report.rows.jobs)",
                    "events": "\(report.rows.events)",
                    "problems": "\(report.problems)",
                ])
        } catch {
            logger.error("The catalog cannot be swept", metadata: ["error": "\(error)"])
        }
    }
}

import Catalog
import ImageModel
import TestSupport

/// The rows that all workers of a history share, and their clock.
// Unchecked: touched only by the one thread that runs its history.
final class SimulatedRows: @unchecked Sendable {
    let audit: Audit
    let clock: SimulatedClock
    /// How wrong the clock of the call being made is; zero unless a bug is planted.
    var clockError: Duration = .zero
    private(set) var memory: InMemoryCatalogDatabase?

    init(id: CatalogID, clock: SimulatedClock, diary: Diary) {
        audit = Audit(diary: diary)
        self.clock = clock
        memory = InMemoryCatalogDatabase(id: id) { [unowned self] in self.clock.timestamp + self.clockError }
    }

    /// Runs `body` alone and commits it, unless `isCommitting` says that the disk is full just now.
    func write<Result: Sendable>(
        isCommitting: Bool, _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        guard let memory else { throw CatalogError(.unusable, "no rows") }
        let confirmation = Confirmation()
        let result = try await memory.write { [audit, clock] rows in
            let (result, confirm) = try audit.watch(rows, at: clock.timestamp, body)
            guard isCommitting else { throw CatalogError(.unavailable, "the disk is full") }
            confirmation.confirm = confirm
            return result
        }
        confirmation.confirm?()
        return result
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        guard let memory else { throw CatalogError(.unusable, "no rows") }
        return try await memory.read(body)
    }

    // Unchecked: written and read within one call on one thread.
    private final class Confirmation: @unchecked Sendable {
        var confirm: (() -> Void)?
    }
}

/// One worker's connection to the catalog.
struct SimulatedDatabase: CatalogDatabase {
    let rows: SimulatedRows
    let process: SimulatedProcess
    var plant = PlantedBug.Rows()

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await way(process.depart)
        let weather = process.weather
        if weather.strikes(.catalogAway) { throw away }
        let isCommitting = !weather.strikes(.commitFailed, weight: 0.5)
        rows.clockError = plant.clockError
        defer { rows.clockError = .zero }
        let plant = plant
        let result = try await rows.write(isCommitting: isCommitting) { try body(plant.falsify($0)) }
        try await way(process.arrive)
        if weather.strikes(.commitReplyLost, weight: 0.5) { throw away }
        return result
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await way(process.depart)
        if process.weather.strikes(.catalogAway) { throw away }
        rows.clockError = plant.clockError
        defer { rows.clockError = .zero }
        return try await rows.read(body)
    }

    private func way(_ step: () async throws(SimulatedProcess.Ended) -> Void) async throws(CatalogError) {
        do { try await step() } catch { throw away }
    }

    private var away: CatalogError { CatalogError(.unavailable, "the catalog is away") }
}

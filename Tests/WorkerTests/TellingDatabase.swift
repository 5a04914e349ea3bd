import Catalog
import Synchronization

/// A catalog that tells of work, and counts what it is asked.
final class TellingDatabase: CatalogDatabase {
    private let base: any CatalogDatabase
    private let state = Mutex(State())
    private let (stream, teller) = AsyncStream.makeStream(of: CatalogHint.self)

    private struct State {
        var reads = 0
        var writes = 0
        var afterNextWrite: (@Sendable () async -> Void)?
    }

    init(_ base: any CatalogDatabase) {
        self.base = base
    }

    var givesHints: Bool { true }
    var reads: Int { state.withLock { $0.reads } }
    var writes: Int { state.withLock { $0.writes } }

    func hints() -> AsyncStream<CatalogHint> { stream }

    func tell(_ hint: CatalogHint) { teller.yield(hint) }

    /// Does something when the next write is committed, before its caller knows.
    func afterNextWrite(_ action: @escaping @Sendable () async -> Void) {
        state.withLock { $0.afterNextWrite = action }
    }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        let result = try await base.write(body)
        let action = state.withLock { state in
            defer { state.afterNextWrite = nil }
            state.writes += 1
            return state.afterNextWrite
        }
        await action?()
        return result
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        state.withLock { $0.reads += 1 }
        return try await base.read(body)
    }
}

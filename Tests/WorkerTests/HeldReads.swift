import Catalog
import Synchronization
import TestSupport

/// A catalog of which one answer, as it was when it was asked, is held back until it is let go.
final class HeldReads: CatalogDatabase {
    private enum Hold {
        case none
        case wanted
        case holding
    }

    private let base: any CatalogDatabase
    private let hold = Watched(Hold.none)

    init(_ base: any CatalogDatabase) {
        self.base = base
    }

    /// Holds the next answer back.
    func holdNext() { hold.change { $0 = .wanted } }

    func waitUntilHeld() async { await hold.wait { $0 == .holding } }

    func letGo() { hold.change { $0 = .none } }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await base.write(body)
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        let result = try await base.read(body)
        var isHeld = false
        hold.change { state in
            isHeld = state == .wanted
            if isHeld { state = .holding }
        }
        if isHeld { await hold.wait { $0 != .holding } }
        return result
    }
}

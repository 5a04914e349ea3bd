import Synchronization

extension Duration {
    /// How long a test waits for what must come, on however busy a machine: nobody waits that long for what does come.
    static let patience = Duration.seconds(240)
}

/// What happened, in its order; tests wait until it holds what they expect.
final class Journal<Entry: Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let condition: @Sendable ([Entry]) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var entries: [Entry] = []
        var waiters: [Waiter] = []
        var lastID: UInt64 = 0
    }

    private let state = Mutex(State())

    var entries: [Entry] { state.withLock { $0.entries } }

    func append(_ entry: Entry) {
        let due = state.withLock { state in
            state.entries.append(entry)
            let entries = state.entries
            let due = state.waiters.filter { $0.condition(entries) }
            let ids = Set(due.map(\.id))
            state.waiters.removeAll { ids.contains($0.id) }
            return due
        }
        for waiter in due { waiter.continuation.resume() }
    }

    /// Returns all entries as soon as `condition` holds for them.
    ///
    /// - Throws: ``Missing`` with what was there instead, when `limit` has passed.
    @discardableResult
    func wait(
        for what: String, limit: Duration = .patience, until condition: @escaping @Sendable ([Entry]) -> Bool
    ) async throws -> [Entry] {
        let isMet = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.wait(until: condition) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        guard isMet else { throw Missing(what: what, limit: limit, found: entries.map { "\($0)" }) }
        return entries
    }

    /// The first entry for which `transform` finds something.
    func first<Value: Sendable>(
        _ what: String, limit: Duration = .patience, _ transform: @escaping @Sendable (Entry) -> Value?
    ) async throws -> Value {
        let entries = try await wait(for: what, limit: limit) { $0.contains { transform($0) != nil } }
        guard let value = entries.lazy.compactMap(transform).first else {
            throw Missing(what: what, limit: limit, found: [])
        }
        return value
    }

    private func wait(until condition: @escaping @Sendable ([Entry]) -> Bool) async -> Bool {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if condition(state.entries) || Task.isCancelled { return true }
                    state.waiters.append(Waiter(id: id, condition: condition, continuation: continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let index = state.waiters.firstIndex { $0.id == id }
                return index.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume()
        }
        return condition(entries)
    }
}

/// Something a test waited for did not come.
struct Missing: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    let found: [String]

    var description: String {
        let last = found.suffix(20).joined(separator: "\n  ")
        return "waited \(limit) for: \(what)\nfound \(found.count) entries, the last of them:\n  \(last)"
    }
}

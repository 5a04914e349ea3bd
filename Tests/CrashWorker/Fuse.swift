import Catalog
import Foundation
import Synchronization

/// Ends this process, or disturbs it, at the n-th passage of one point.
final class Fuse: Sendable {
    /// What happens at the point.
    enum Action: String, Sendable {
        /// SIGKILL: no code of this process runs any more.
        case kill
        /// abort(3), as a C library does that finds its memory broken.
        case abort
        /// What a failed precondition of Swift does.
        case trap
        /// The catalog says that it cannot be reached, then and at each later passage while the count lasts.
        case fail
    }

    private static let failureNotice = "The fuse says that the catalog is away"

    private let point: CrashPoint
    private let action: Action
    private let passage: Int
    private let passages = Atomic<Int>(0)

    /// - Parameter passage: At which passage, counted from 1; for ``Action/fail``, at how many.
    init(_ point: CrashPoint, passage: Int, _ action: Action) {
        self.point = point
        self.passage = passage
        self.action = action
    }

    /// Tells that this process is at a point of its life; does not return if it is the one.
    func reach(_ reached: CrashPoint) {
        guard reached == point, action != .fail else { return }
        let count = passages.add(1, ordering: .relaxed).newValue
        guard count == passage else { return }
        switch action {
        case .kill: Self.killThisProcess()
        case .abort: abort()
        case .trap: preconditionFailure("the fuse is at its point")
        case .fail: return
        }
    }

    /// Ends this process, and none else, as an operator's `kill -9` does.
    static func killThisProcess() -> Never {
        kill(getpid(), SIGKILL)
        // The signal may come a moment later, and nothing more must happen.
        while true { pause() }
    }

    /// The same at a point where the catalog can say no.
    func reachOrFail(_ reached: CrashPoint) throws(CatalogError) {
        reach(reached)
        guard reached == point, action == .fail else { return }
        guard passages.add(1, ordering: .relaxed).newValue <= passage else { return }
        FileHandle.standardError.write(Data("\(Self.failureNotice)\n".utf8))
        throw CatalogError(.unavailable, Self.failureNotice)
    }
}

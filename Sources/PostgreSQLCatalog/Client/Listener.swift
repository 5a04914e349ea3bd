import CPostgreSQL
import Catalog
import Glibc
import ImageModel
import Synchronization

/// Waits for notifications on a thread and a connection of its own (PostgreSQL manual, 34.9).
///
/// What was notified while there was no connection is lost. Therefore a new connection counts as a notification of
/// everything.
final class Listener: Sendable {
    private let address: ConnectionAddress
    private let channel: String
    private let handler: @Sendable (CatalogHint) -> Void
    private let isStopped = Mutex(false)

    init(_ address: ConnectionAddress, channel: String, handler: @escaping @Sendable (CatalogHint) -> Void) {
        self.address = address
        self.channel = channel
        self.handler = handler
    }

    /// - Returns: Whether the system had a thread to spare.
    func start() -> Bool { spawnThread(named: "catalog-listen") { self.run() } }

    /// The thread ends within a second.
    func stop() { isStopped.withLock { $0 = true } }

    private func run() {
        var failures: UInt32 = 0
        while !isStopped.withLock({ $0 }) {
            if let connection = address.connect() {
                cpostgresql_silence(connection)
                if listen(on: connection) { failures = 0 }
                PQfinish(connection)
            }
            failures = min(failures + 1, 5)
            // Not all workers at once when a server comes back.
            usleep(UInt32.random(in: 100_000...200_000) * failures)
        }
    }

    /// Hears until the connection is lost; returns whether there was one.
    private func listen(on connection: OpaquePointer) -> Bool {
        let result = PQexec(connection, "LISTEN \(channel)")
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else { return false }
        for hint in [CatalogHint.jobsReady(CatalogHint.allKinds), .cancelRequested] { handler(hint) }
        while !isStopped.withLock({ $0 }) {
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 1_000) > 0 else { continue }
            guard PQconsumeInput(connection) == 1 else { break }
            var ready: Set<JobKind> = []
            var isCancelRequested = false
            while let notice = PQnotifies(connection) {
                switch CatalogHint(payload: notice.pointee.extra.map { String(cString: $0) } ?? "") {
                case .jobsReady(let kinds): ready.formUnion(kinds)
                case .cancelRequested: isCancelRequested = true
                }
                PQfreemem(notice)
            }
            if isCancelRequested { handler(.cancelRequested) }
            if !ready.isEmpty { handler(.jobsReady(ready)) }
        }
        return true
    }
}

extension CatalogHint {
    /// What a notification of a running job that is to end bears; old workers look for jobs whatever it is.
    static let cancelPayload = "cancel"

    /// What a notification of ready jobs bears; of old workers it bears nothing, and may mean any kind.
    static func payload(of kinds: Set<JobKind>) -> String {
        kinds.map(\.rawValue).sorted().joined(separator: ",")
    }

    /// The kinds of jobs that can be claimed.
    static let allKinds = Set(JobKind.allCases).subtracting([.cancel])

    /// Reads what a notification bears. A word that only newer workers know may concern every kind.
    init(payload: String) {
        guard payload != Self.cancelPayload else {
            self = .cancelRequested
            return
        }
        let words = payload.split(separator: ",")
        let kinds = Set(words.compactMap { JobKind(rawValue: String($0)) })
        self = .jobsReady(kinds.isEmpty || kinds.count < words.count ? Self.allKinds : kinds)
    }
}

import CPostgreSQL
import Catalog
import Glibc
import ImageModel

/// One connection, used by one thread alone, that comes back after it was lost.
///
/// It is not Sendable, and so never leaves the thread that made it.
final class Session {
    private let address: ConnectionAddress
    private var connection: OpaquePointer?
    private var statements: [String: String] = [:]
    /// Names this session among all that ever wrote to the catalog.
    let name: String
    /// Run on every new connection before anything else.
    private let settings: String
    /// Microseconds within which the server must have answered.
    private let patience: Int64
    /// Rows that statements have written since the transaction began.
    var writtenRows = 0
    private var mark: Int64 = 0
    private var lastNotices: [JobKind: Int64] = [:]

    init(
        _ address: ConnectionAddress, name: String, settings: String = Session.usualSettings,
        patience: Int64 = Session.usualPatience
    ) {
        self.address = address
        self.name = name
        self.settings = settings
        self.patience = patience
    }

    deinit {
        close()
    }

    /// Statistics of a queue are wrong as soon as they are made, so indexes are preferred whatever they say, and plans are
    /// made once. The limits are far above what a transaction takes; they end what a lost or stuck worker holds.
    static let usualSettings = """
        SET enable_seqscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan;
        SET lock_timeout = '20s'; SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '10s';
        SET standard_conforming_strings = on
        """

    /// Longer than the server lets a statement run. A server that hangs, or a proxy whose own connection has died, keeps this
    /// one alive and never answers.
    static let usualPatience: Int64 = 75_000_000

    /// The oldest server whose functions are used here.
    private static let oldestServer: Int32 = 130_000

    /// Whether a connection stands, as far as is known.
    var isOpen: Bool { connection != nil }

    /// Connects unless a connection stands.
    func open() throws {
        guard connection == nil else { return }
        guard let fresh = address.connect() else {
            throw ServerError(state: nil, message: "no memory for a connection", isConnectionLost: true)
        }
        guard PQstatus(fresh) == CONNECTION_OK else {
            defer { PQfinish(fresh) }
            throw ServerError(state: nil, message: Self.message(of: fresh), isConnectionLost: true)
        }
        cpostgresql_silence(fresh)
        connection = fresh
        statements = [:]
        let version = PQserverVersion(fresh)
        guard version >= Self.oldestServer else {
            close()
            throw CatalogError(.unusable, "the server is PostgreSQL \(version / 10_000); 13 or later is needed")
        }
        do {
            try execute(settings)
        } catch {
            close()
            throw error
        }
    }

    /// Closes the connection; ``open()`` makes another.
    func close() {
        if let connection { PQfinish(connection) }
        connection = nil
        statements = [:]
    }

    /// Closes the connection for good, and takes away the mark of the last commit, for which nobody can ask any more.
    func end() {
        if isOpen, mark > 0 { _ = try? execute(CommitMark.removal(of: name)) }
        close()
    }

    /// A number for a commit that this session has given to none before.
    func nextMark() -> Int64 {
        mark += 1
        return mark
    }

    /// The kinds of which it is time to notify others again. Commits that notify wait for each other, and all workers hear
    /// each of them; who is not told looks a while after the last one it heard of that kind.
    func kindsToNotify(of kinds: Set<JobKind>, at moment: Int64) -> Set<JobKind> {
        let due = kinds.filter { kind in lastNotices[kind].map { moment - $0 >= 100_000 } ?? true }
        for kind in due { lastNotices[kind] = moment }
        return due
    }

    /// Sends text that may hold several statements and returns the last one's answer.
    @discardableResult
    func execute(_ sql: String) throws -> Answer {
        try exchange { PQsendQuery($0, sql) }
    }

    /// Runs one statement, prepared once per connection.
    func run(_ sql: String, _ parameters: [Parameter] = []) throws -> Answer {
        let name = try prepared(sql)
        let values = CStrings(parameters.map(\.wireText))
        return try exchange { PQsendQueryPrepared($0, name, Int32(parameters.count), values.pointers, nil, nil, 0) }
    }

    private func prepared(_ sql: String) throws -> String {
        if let name = statements[sql] { return name }
        let name = "s\(statements.count)"
        _ = try exchange { PQsendPrepare($0, name, sql, 0, nil) }
        statements[sql] = name
        return name
    }

    private func standing() throws -> OpaquePointer {
        guard let connection else {
            throw ServerError(state: nil, message: "the connection was lost", isConnectionLost: true)
        }
        return connection
    }

    /// Sends something and waits for the answer to the last statement of it.
    private func exchange(_ send: (OpaquePointer) -> Int32) throws -> Answer {
        let connection = try standing()
        guard send(connection) == 1 else { return try answer(nil) }
        let deadline = ServerClock.now + patience
        var last: OpaquePointer?
        repeat {
            guard isAnswered(connection, by: deadline) else {
                PQclear(last)
                close()
                let message = "no answer within \(patience / 1_000_000) s"
                throw ServerError(state: nil, message: message, isConnectionLost: true)
            }
            guard let result = PQgetResult(connection) else { return try answer(last) }
            PQclear(last)
            last = result
        } while true
    }

    /// Waits until the next result can be had without waiting, or an error instead of it.
    private func isAnswered(_ connection: OpaquePointer, by deadline: Int64) -> Bool {
        while PQisBusy(connection) == 1 {
            var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            let left = deadline - ServerClock.now
            // In slices: what TLS has read ahead of libpq makes no socket readable.
            let count = poll(&socket, 1, Int32(clamping: min(max(0, left / 1_000), 1_000)))
            if PQconsumeInput(connection) == 0 { return true }
            if left <= 0, count <= 0, PQisBusy(connection) == 1 { return false }
        }
        return true
    }

    private func answer(_ result: OpaquePointer?) throws -> Answer {
        let status = PQresultStatus(result)
        if let result, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK { return Answer(result) }
        defer { PQclear(result) }
        let state = result.flatMap { PQresultErrorField($0, Self.stateField) }.map { String(cString: $0) }
        let isLost = connection.map { PQstatus($0) != CONNECTION_OK } ?? true
        let primary = result.flatMap { PQresultErrorField($0, Self.messageField) }.map { String(cString: $0) }
        let message = primary ?? connection.map(Self.message) ?? "the connection was lost"
        if isLost { close() }
        throw ServerError(state: state, message: message, isConnectionLost: isLost)
    }

    /// `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY` of postgres_ext.h, which are macros of characters.
    private static let stateField = Int32(UInt8(ascii: "C"))
    private static let messageField = Int32(UInt8(ascii: "M"))

    private static func message(of connection: OpaquePointer) -> String {
        guard let text = PQerrorMessage(connection) else { return "unknown" }
        return String(cString: text).split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix { $0 == "\t" || $0 == " " } }.joined(separator: "; ")
    }
}

import Glibc
import ImageModel

/// The server's clock, asked once per transaction and carried on with this host's from there.
struct ServerClock {
    /// Asks for the server's clock. Not `now()`: that stands still from the beginning of the transaction, which may have
    /// waited for a lock since.
    static let question = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now"

    private let server: Int64
    private let here: Int64

    init(_ answer: Answer) throws {
        server = try answer.rows.first?.integer("now") ?? 0
        here = Self.now
    }

    var serverTime: Timestamp { Timestamp(microseconds: server + (Self.now - here)) }

    /// Microseconds since this host was started, suspended ones too.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}

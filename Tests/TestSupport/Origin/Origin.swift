import Glibc
import Synchronization

/// An HTTP/1.1 server on loopback that misbehaves as told: real sockets, a port of the kernel's choice, own threads.
///
/// ```swift
/// let origin = try Origin()
/// origin.serve("/image", .pattern(size: 5 << 20).etag("\"v1\""))
/// origin.serve("/flaky", .status(503).retryAfter("1"), .status(503), .pattern(size: 100))  // the last one repeats
/// policy.allowPrivate = [origin.rule]
/// … fetch origin.url("/image") …
/// await origin.journal.wait { $0.requests(for: "/image").count == 2 }
/// ```
///
/// What is not served is answered with 404. Everything ends when the origin is released: connections are cut, threads
/// are joined.
public final class Origin: Sendable {
    /// The port it listens on, at 127.0.0.1.
    public let port: UInt16
    /// What it saw and sent.
    public let journal = OriginJournal()

    private let listener: Int32
    private let script = OriginScript()
    private let stop = Gate()
    private let threads = Mutex<[pthread_t]>([])

    /// Starts to listen.
    public init() throws {
        let (descriptor, port) = try listenOnLoopback()
        listener = descriptor
        self.port = port
        let connections = OriginConnections(script: script, journal: journal, stop: stop)
        let thread = startThread { [listener, stop] in connections.accept(on: listener, until: stop) }
        threads.withLock { $0.append(thread) }
    }

    deinit {
        stop.open()
        for thread in threads.withLock({ $0 }) { pthread_join(thread, nil) }
        close(listener)
    }

    /// Answers requests for `path` with these answers, one after another; the last one repeats.
    public func serve(_ path: String, _ answers: OriginAnswer...) {
        script.set(path, answers)
    }

    /// Where a path is found.
    public func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// The `host:port` that must be exempt from the address rule for anything to be fetched from here.
    public var rule: String { "127.0.0.1:\(port)" }

    /// The requests for a path, once there are at least `count`.
    public func requests(for path: String, atLeast count: Int = 1) async -> [OriginRequest] {
        await journal.wait { $0.requests(for: path).count >= count }
        return journal.entries.requests(for: path)
    }
}

/// Which answer is next, by path.
final class OriginScript: Sendable {
    private let answers = Mutex<[String: [OriginAnswer]]>([:])

    func set(_ path: String, _ list: [OriginAnswer]) {
        answers.withLock { $0[path] = list }
    }

    func next(_ path: String) -> OriginAnswer {
        answers.withLock { answers in
            guard let list = answers[path], let first = list.first else { return .status(404) }
            if list.count > 1 { answers[path] = Array(list.dropFirst()) }
            return first
        }
    }
}

/// Accepts connections and gives each a thread.
final class OriginConnections: Sendable {
    private let script: OriginScript
    private let journal: OriginJournal
    private let stop: Gate

    init(script: OriginScript, journal: OriginJournal, stop: Gate) {
        self.script = script
        self.journal = journal
        self.stop = stop
    }

    func accept(on listener: Int32, until stop: Gate) {
        var threads: [pthread_t] = []
        while waitFor([(listener, POLLIN), (stop.descriptor, POLLIN)])[0] {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            let connection = OriginConnection(
                socket: OriginSocket(descriptor: descriptor, stop: stop.descriptor), script: script, journal: journal)
            threads.append(startThread { connection.serve() })
        }
        for thread in threads { pthread_join(thread, nil) }
    }
}

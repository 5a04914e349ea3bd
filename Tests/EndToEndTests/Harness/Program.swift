import Foundation
import Synchronization
import Testing

/// A process of a test: its lines as they come, its signals, its end.
final class Program: Sendable {
    /// How a process ended.
    enum End: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    let output = Journal<String>()
    let errors = Journal<String>()
    private let end = Journal<End>()
    private let pid: pid_t
    private let isReaped = Mutex(false)

    /// Starts a program with nothing in its environment but `environment`.
    init(_ path: String, _ arguments: [String], environment: [String: String], input: [UInt8] = []) throws {
        let toChild = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        defer { for descriptor in [toChild.reader, output.writer, errors.writer] { close(descriptor) } }
        pid = try Self.spawn(path, arguments, environment, descriptors: [toChild.reader, output.writer, errors.writer])
        // Inputs of tests are smaller than a pipe's buffer.
        if !input.isEmpty { _ = input.withUnsafeBytes { write(toChild.writer, $0.baseAddress, $0.count) } }
        close(toChild.writer)
        let thread = Thread { [self] in
            copyLines(from: [(output.reader, self.output), (errors.reader, self.errors)])
            reap()
        }
        thread.start()
    }

    /// Sends a signal, unless the process is gone.
    func signal(_ number: Int32) {
        isReaped.withLock { if !$0 { kill(pid, number) } }
    }

    /// Stops the process; no thread of it runs any more when this returns.
    ///
    /// A signal alone does not say when: a thread in a system call first ends that, and may take a lock by it.
    func freeze() {
        isReaped.withLock { isReaped in
            guard !isReaped else { return }
            kill(pid, SIGSTOP)
            var information = siginfo_t()
            while waitid(P_PID, id_t(pid), &information, WSTOPPED | WEXITED | WNOWAIT) != 0, errno == EINTR {}
        }
    }

    /// The most memory that the process had so far, in bytes; it must still run.
    func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) << 10
    }

    /// How many files, sockets and the like the process has open, and how many threads; it must still run.
    func holdings() throws -> (descriptors: Int, threads: Int) {
        let files = FileManager.default
        return (
            try files.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count,
            try files.contentsOfDirectory(atPath: "/proc/\(pid)/task").count
        )
    }

    /// How many heaps the C library's allocator has made beside the first: each takes a whole 64 MiB of addresses, of which the
    /// beginning can be used.
    ///
    /// Source: the environment variable MALLOC_ARENA_MAX in mallopt(3), and the process's own map of its memory, proc(5).
    func furtherHeaps() throws -> Int {
        let reserve: UInt64 = 64 << 20
        let map = try String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            return (start: ends[0], end: ends[1], rights: words[1])
        }
        return zip(map, map.dropFirst()).count { used, rest in
            used.rights == "rw-p" && rest.rights == "---p" && used.end == rest.start
                && used.start % reserve == 0 && rest.end == used.start + reserve
        }
    }

    /// How the process ended; nil while it runs.
    var hasEnded: End? { end.entries.first }

    /// Waits until the process has ended and all it wrote has been read.
    func waitForEnd(limit: Duration = .patience) async throws -> End {
        do {
            return try await end.first("the end of process \(pid)", limit: limit) { $0 }
        } catch let missing as Missing {
            let said = errors.entries.suffix(20).joined(separator: "\n  ")
            throw Missing(what: "\(missing.what); its standard error:\n  \(said)", limit: limit, found: [])
        }
    }

    /// Ends the process whatever it does, and waits for that.
    func destroy() async {
        signal(SIGKILL)
        _ = try? await waitForEnd()
    }

    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        var status: Int32 = 0
        isReaped.withLock { isReaped in
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            isReaped = true
        }
        let signal = status & 0x7F
        end.append(signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal))
    }

    private func copyLines(from sources: [(descriptor: Int32, journal: Journal<String>)]) {
        var open = sources
        var unfinished = [Int32: [UInt8]]()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !open.isEmpty {
            var entries = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            guard poll(&entries, nfds_t(entries.count), -1) > 0 else { continue }
            for entry in entries where entry.revents != 0 {
                let count = read(entry.fd, &buffer, buffer.count)
                guard let source = open.first(where: { $0.descriptor == entry.fd }) else { continue }
                var text = unfinished[entry.fd, default: []] + buffer.prefix(max(0, count))
                while let newline = text.firstIndex(of: UInt8(ascii: "\n")) {
                    source.journal.append(String(decoding: text[..<newline], as: UTF8.self))
                    text.removeSubrange(...newline)
                }
                unfinished[entry.fd] = text
                guard count <= 0 else { continue }
                if !text.isEmpty { source.journal.append(String(decoding: text, as: UTF8.self)) }
                close(entry.fd)
                open.removeAll { $0.descriptor == entry.fd }
            }
        }
    }
}

// MARK: - Starting

extension Program {
    private struct Pipe {
        let reader: Int32
        let writer: Int32

        init() throws {
            var ends: [Int32] = [-1, -1]
            // A pipe could not be kept from programs that other tests start in this very moment.
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
                throw SpawnFailure(what: "socketpair", code: errno)
            }
            (reader, writer) = (ends[0], ends[1])
        }
    }

    private struct SpawnFailure: Error {
        let what: String
        let code: Int32
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String: String], descriptors: [Int32]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process or its threads ignore or block is none of the program's business.
        var defaults = sigset_t()
        sigfillset(&defaults)
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, words, variables)
        guard code == 0 else { throw SpawnFailure(what: "spawn \(path)", code: code) }
        return pid
    }
}

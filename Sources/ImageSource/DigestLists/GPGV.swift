// With curl.h come poll.h and sys/socket.h.
import CCurl
import CLinux
import Glibc

/// Runs gpgv(1) on bytes that lie in memory: nothing is written to any disk, and the program sees nothing else that this
/// process has open.
enum GPGV {
    struct Answer: Sendable {
        var exitCode: Int32
        var output: [UInt8]
        var status: String
    }

    /// Seconds after which the program is killed.
    private static let patience: Int32 = 30
    /// What comes out is never longer than what goes in; this is for a program that goes wrong.
    private static let outputLimit = 4 << 20

    /// Asks about `inputs`: a signature and what it signs, or a message that is signed itself.
    static func ask(keyring: String, inputs: [[UInt8]]) throws(OpenPGPCheck.Problem) -> Answer {
        let output = try MemoryFile()
        let status = try MemoryFile()
        var files = [output, status]
        for input in inputs { files.append(try MemoryFile(input)) }
        let end = try LifeLine()
        let program = try Program(
            ["gpgv", "--homedir", "/nonexistent", "--status-fd", "3", "--keyring", keyring, "--output", "-"]
                + inputs.indices.map { "/dev/fd/\(5 + $0)" },
            // In the child: its output, its status, the end of its life, its inputs.
            descriptors: [1: output.descriptor, 3: status.descriptor, 4: end.held].merging(
                zip(5..., files.dropFirst(2).map(\.descriptor))
            ) { $1 })
        end.letGo()
        let exitCode = program.wait(end: end.ours, seconds: patience)
        guard let exitCode else { throw OpenPGPCheck.Problem(reason: "gpgv was killed", isOurs: true) }
        return Answer(
            exitCode: exitCode, output: output.contents(limit: outputLimit),
            status: String(decoding: status.contents(limit: outputLimit), as: UTF8.self))
    }
}

/// A file without a name, in memory only (memfd_create(2)).
private final class MemoryFile {
    let descriptor: Int32

    init(_ bytes: [UInt8] = []) throws(OpenPGPCheck.Problem) {
        let low = clinux_memory_file("longshore")
        // Above every number that a child gets, so that putting them in order there overwrites none.
        descriptor = fcntl(low, F_DUPFD_CLOEXEC, 64)
        close(low)
        guard descriptor >= 0 else { throw OpenPGPCheck.Problem(reason: "there is no file for gpgv", isOurs: true) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(written))
            }
            guard count > 0 else { throw OpenPGPCheck.Problem(reason: "there is no memory for gpgv", isOurs: true) }
            written += count
        }
    }

    deinit {
        close(descriptor)
    }

    func contents(limit: Int) -> [UInt8] {
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_size > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: min(limit, Int(info.st_size)))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }
}

/// A pair of sockets of which the child holds one, so that the other tells when it has ended.
private final class LifeLine {
    let ours: Int32
    private(set) var held: Int32

    init() throws(OpenPGPCheck.Problem) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw OpenPGPCheck.Problem(reason: "there is no socket for gpgv", isOurs: true)
        }
        ours = ends[0]
        held = fcntl(ends[1], F_DUPFD_CLOEXEC, 64)
        close(ends[1])
    }

    deinit {
        close(ours)
        letGo()
    }

    func letGo() {
        if held >= 0 { close(held) }
        held = -1
    }
}

/// A child process.
private struct Program {
    private let id: pid_t

    /// Starts it with these descriptors and no others; standard input and error lead nowhere.
    init(_ arguments: [String], descriptors: [Int32: Int32]) throws(OpenPGPCheck.Problem) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        for (target, source) in descriptors { posix_spawn_file_actions_adddup2(&actions, source, target) }
        clinux_close_from(&actions, (descriptors.keys.max() ?? 2) + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads of adapters block signals; a child must not inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = [strdup("LC_ALL=C"), nil]
        defer { for text in arguments + variables { free(text) } }
        var id = pid_t()
        let code = posix_spawnp(&id, "gpgv", &actions, &attributes, &arguments, &variables)
        guard code == 0 else {
            throw OpenPGPCheck.Problem(
                reason: "gpgv cannot be started: \(String(cString: strerror(code)))", isOurs: true)
        }
        self.id = id
    }

    /// Its exit code; nil when it was killed, for one because `seconds` have passed.
    func wait(end: Int32, seconds: Int32) -> Int32? {
        var entry = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, seconds * 1_000) <= 0 { kill(id, SIGKILL) }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }
}

import Glibc

/// A program of a test, started by its name, ended by its process id when it is released.
final class ChildProcess: Sendable {
    private let pid: pid_t
    /// What the program reads from; it ends when this closes.
    private let input: Int32
    private let output: Int32

    /// Starts a program found on `PATH`.
    init(_ program: String, _ arguments: [String]) throws {
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { throw SystemCallError("pipe") }
        for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer {
            close(toChild[0])
            close(fromChild[1])
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let names: [String] = ["PATH", "HOME"]
        let variables: [String] = names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
        let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for text in words + environment { free(text) } }
        var pid: pid_t = 0
        errno = posix_spawnp(&pid, program, &actions, nil, words, environment)
        guard errno == 0 else { throw SystemCallError("spawn \(program)") }
        (self.pid, input, output) = (pid, toChild[1], fromChild[0])
    }

    deinit {
        close(input)
        close(output)
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// The first line it prints; nil when it ends before.
    func firstLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    /// Waits until it closes its output.
    func waitForEnd() {
        while firstLine() != nil {}
    }
}

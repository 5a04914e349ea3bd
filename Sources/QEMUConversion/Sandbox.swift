import Glibc
import ImageConversion
import ImageModel
import Subprocess
import SystemPackage

/// How qemu-img is run: with limits, without a network, without an environment, and never longer than this process.
///
/// prlimit(1) sets the limits, unshare(1) takes the network away, setpriv(1) takes privileges away and has the kernel kill
/// the program when this process dies; each becomes the next, so that there is only ever one process.
public struct Sandbox: Sendable {
    /// Why there can be no conversion; nil when there can.
    public private(set) var problem: String?
    /// What is not kept from conversions, in sentences; empty when all is.
    public private(set) var weaknesses: [String] = []
    private var prlimit = ""
    private var wrappers: [String] = []
    private var program = ""

    /// Where programs are looked for: the folders of `PATH`, or the usual ones when it is not set.
    public static let systemPath: [String] = {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
    }()

    private init() {}

    /// Looks for the programs, and finds out what the kernel lets them do.
    public static func detect(in searchPath: [String] = systemPath) async -> Self {
        var sandbox = Self()
        func find(_ name: String) -> String? {
            searchPath.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
        }
        guard let program = find("qemu-img") else {
            sandbox.problem = "qemu-img is not installed here; it comes with the Debian package qemu-utils"
            return sandbox
        }
        guard let prlimit = find("prlimit"), let setpriv = find("setpriv") else {
            sandbox.problem = "prlimit and setpriv are not installed here; they come with the Debian package util-linux"
            return sandbox
        }
        (sandbox.program, sandbox.prlimit) = (program, prlimit)
        let bound = [setpriv, "--pdeathsig", "KILL", "--no-new-privs"]
        let unprivileged = bound + ["--bounding-set", "-all", "--inh-caps", "-all"]
        var candidates: [(wrappers: [String], isCut: Bool)] = []
        if let unshare = find("unshare") {
            candidates += [
                ([unshare, "--net", "--"] + unprivileged, true),
                ([unshare, "--user", "--map-current-user", "--net", "--"] + bound, true),
            ]
        }
        candidates += [(unprivileged, false), (bound, false)]
        for (wrappers, isCut) in candidates {
            sandbox.wrappers = wrappers + ["--"]
            guard await sandbox.works() else { continue }
            if !isCut {
                sandbox.weaknesses.append(
                    "conversions are not kept from the network: this process may make no network namespace")
            }
            return sandbox
        }
        sandbox.problem = "qemu-img cannot be run: \(program) --version fails under prlimit and setpriv"
        return sandbox
    }

    /// A command that runs qemu-img with `arguments`.
    func command(_ arguments: [String], under limits: ConversionLimits) -> [String] {
        // The hard limit comes later, so that it is the signal of the soft one that is seen.
        let bounds = [
            "--cpu=\(limits.cpuSeconds):\(limits.cpuSeconds + 5)", "--as=\(limits.memoryBytes)",
            "--fsize=\(limits.resultBytes)", "--core=0", "--nofile=64",
        ]
        return [prlimit] + bounds + ["--"] + wrappers + [program] + arguments
    }

    /// Runs a command in a folder, in a session of its own, with nothing but a language in its environment; kills it, and
    /// waits for its end, when the task is cancelled.
    func start<Output: OutputProtocol, Failure: ErrorOutputProtocol>(
        _ command: [String], in folder: String, output: Output, error: Failure,
        _ body: (Execution<NoInput, Output, Failure>) async throws -> Void
    ) async throws -> ExecutionResult<Void, Output, Failure> {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(5))
        ]
        return try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(["LC_ALL": "C"]), workingDirectory: FilePath(folder), platformOptions: options,
            input: .none, output: output, error: error, body: body)
    }

    private func works() async -> Bool {
        let limits = ConversionLimits(cpuSeconds: 60, wallTime: .seconds(60), resultBytes: 1 << 20)
        let result = try? await start(
            command(["--version"], under: limits), in: "/", output: .discarded, error: .discarded
        ) { _ in }
        return result?.terminationStatus.isSuccess == true
    }
}

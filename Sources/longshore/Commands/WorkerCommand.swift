import ArgumentParser
import ImageModel
import JobMessages
import LongshoreSettings
import Worker

/// `longshore worker [--once [--timeout TIME]]`
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Take jobs from the queues and run them until SIGTERM.",
        discussion: """
            SIGTERM or SIGINT drains: no new job is taken, running ones may finish for worker.drain, the rest is given \
            back. A second signal stops now; nothing is lost, another worker goes on once the leases have run out.

            With --once it runs a single job that others have taken in, sends its events and ends: 0 when the job \
            succeeded, goes on later, or there was none; 1 when it failed or was cancelled; 130 when a second signal \
            interrupted it. For a pod per job.
            """)

    @Flag(help: "Run one waiting job, whatever worker.roles says, and end.")
    var once = false

    @Option(help: ArgumentHelp("With --once: end when no job comes within this time, such as 30s.", valueName: "time"))
    var timeout: String?

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        var settings = try global.settings()
        let patience = try timeout.map(WaitOptions.duration)
        guard once || patience == nil else { throw CommandTrouble(.usage, "--timeout needs --once") }
        if once { settings.worker.roles = [.run, .relay] }
        let logger = global.logger("longshore")
        guard once else {
            let service = try ServiceReporter.ofEnvironment(logger)
            return try await WorkerAssembly.run(settings, Undecorated(), service: service, logger: logger)
        }
        try report(try await WorkerAssembly.runOne(settings, Undecorated(), logger: logger, within: patience))
    }

    private func report(_ job: Job?) throws {
        guard let job else {
            if global.json { Console.say(["job": .null]) } else { Console.say("nothing to do") }
            return
        }
        if global.json {
            Console.say(["job": ["id": .string(job.id.rawValue), "state": .string(job.state.rawValue)]])
        }
        switch job.state {
        case .succeeded: if !global.json { Console.say("job \(job.id) succeeded") }
        case .failed, .cancelled:
            let why = job.failure.map { ": \($0.code.rawValue): \($0.message)" } ?? ""
            throw CommandTrouble(.failed, "job \(job.id) \(job.state.rawValue)\(why)")
        case .queued, .deferred, .running, .retrying:
            if !global.json { Console.say("job \(job.id) is \(job.state.rawValue) and goes on later") }
        }
    }
}

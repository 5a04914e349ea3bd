import ArgumentParser
import Catalog
import ImageJobs
import ImageModel
import ImageStore
import Logging
import LongshoreSettings
import RabbitMQ
import UnixSignals
import Worker

/// `longshore worker`
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Take jobs from the queues and run them until SIGTERM.",
        discussion: """
            SIGTERM or SIGINT drains: no new job is taken, running ones may finish for worker.drain, the rest is given \
            back. A second signal stops now; nothing is lost, another worker goes on once the leases have run out.
            """)

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let settings = try global.settings()
        let assembly = try await WorkerAssembly.make(settings, Undecorated(), logger: global.logger("longshore"))
        try await assembly.run()
    }
}

import ArgumentParser
import ImageModel

/// `longshore cancel JOB`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End a job, running or not, or one that has not come yet.")

    @Argument(help: "The id of the job to end.")
    var target: String

    @OptionGroup var job: JobOptions
    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        try await job.run(.cancel(CancelRequest(jobID: try identifier(target, "TARGET"))), global: global)
    }
}

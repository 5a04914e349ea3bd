import ArgumentParser
import Foundation
import ImageModel
import JobMessages
import LongshoreSettings

/// What every command takes that enqueues a job.
struct JobOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The job's id, the key of idempotency; made when absent.", valueName: "id"))
    var jobID: String?

    @Option(help: ArgumentHelp("The account on whose behalf; absent: the platform.", valueName: "account"))
    var account: String?

    @Option(help: ArgumentHelp("Run after this job has succeeded; may be repeated.", valueName: "job"))
    var after: [String] = []

    @Option(help: "0 to 9; 9 goes first.")
    var priority: Int?

    @Option(help: ArgumentHelp("How often to try.", valueName: "n"))
    var maxAttempts: Int?

    @OptionGroup var waiting: WaitOptions

    /// The request for some work, with these options.
    func request(_ work: JobWork) throws -> JobRequest {
        let account = try account.map { try identifier($0, "--account") as AccountID }
        return JobRequest(
            id: try jobID.map { try identifier($0, "--job-id") } ?? SystemRandom().identifier(), priority: priority,
            actor: account.map { JobActor(account: $0) }, after: try after.map { try identifier($0, "--after") },
            maxAttempts: maxAttempts, work: work)
    }

    /// See ``WaitOptions/send(_:global:)``.
    func run(_ work: JobWork, sourceQuery: String? = nil, global: GlobalOptions) async throws {
        try await waiting.send(JobMessage(try request(work), sourceQuery: sourceQuery), global: global)
    }
}

/// An identifier from a command-line argument, or wrong usage that names it.
func identifier<Kind>(_ text: String, _ option: String) throws -> Identifier<Kind> {
    guard let identifier = Identifier<Kind>(text) else {
        throw CommandTrouble(
            .usage,
            "\(option) \"\(text)\" is not a valid \(Kind.noun): letters, digits and ._:@=+- (not first), "
                + "at most \(Kind.lengthLimit) characters")
    }
    return identifier
}

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

    @Flag(help: "Wait until the job has ended, with progress; exit 0 when it succeeded, 1 when it did not.")
    var wait = false

    @Option(help: ArgumentHelp("With --wait: give up waiting after this time, such as 90s or 2h.", valueName: "time"))
    var timeout: String?

    /// The request for some work, with these options.
    func request(_ work: JobWork) throws -> JobRequest {
        let account = try account.map { try identifier($0, "--account") as AccountID }
        return JobRequest(
            id: try jobID.map { try identifier($0, "--job-id") } ?? SystemRandom().identifier(), priority: priority,
            actor: account.map { JobActor(account: $0) }, after: try after.map { try identifier($0, "--after") },
            maxAttempts: maxAttempts, work: work)
    }

    /// Sends the job, waits for it when asked to, and shows what became of it.
    func run(_ work: JobWork, sourceQuery: String? = nil, global: GlobalOptions) async throws {
        let message = JobMessage(try request(work), sourceQuery: sourceQuery)
        try check(message)
        let limit = try timeout.map(duration)
        let sender = try JobSender(try global.settings(), logger: global.quietLogger)
        if wait {
            try await JobFollower(json: global.json).follow(message, with: sender, timeout: limit)
        } else {
            try await sender.send([message])
            if global.json {
                Console.say(["job": ["id": .string(message.messageID), "kind": .string(message.routingKey)]])
            } else {
                Console.say("job \(message.messageID) is queued")
            }
        }
    }

    /// Finds now what the worker would reject later.
    private func check(_ message: JobMessage) throws {
        do throws(RejectedMessage) {
            _ = try JobDecoder.decode(
                IncomingMessage(body: message.body, routingKey: message.routingKey, messageID: message.messageID))
        } catch {
            throw CommandTrouble(.usage, error.message)
        }
    }

    private func duration(_ text: String) throws -> Duration {
        guard let duration = Duration(configured: text) else {
            throw CommandTrouble(.usage, "--timeout \(text) is no time; write it like 90s, 5m or 2h")
        }
        return duration
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

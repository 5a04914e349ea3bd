import ArgumentParser
import ImageModel
import JobMessages
import LongshoreSettings

/// How long a command stays with the job it has enqueued.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Wait until the job has ended, with progress; exit 0 when it succeeded, 1 when it did not.")
    var wait = false

    @Option(help: ArgumentHelp("With --wait: give up waiting after this time, such as 90s or 2h.", valueName: "time"))
    var timeout: String?

    /// Sends the job, waits for it when asked to, and shows what became of it.
    func send(_ message: JobMessage, global: GlobalOptions) async throws {
        try check(message)
        let limit = try timeout.map(Self.duration)
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
            throw CommandTrouble(.usage, error.sentences.joined(separator: "\n"))
        }
    }

    /// A time as `--timeout` takes it.
    static func duration(_ text: String) throws -> Duration {
        guard let duration = Duration(configured: text) else {
            throw CommandTrouble(.usage, "--timeout \(text) is no time; write it like 90s, 5m or 2h")
        }
        return duration
    }
}

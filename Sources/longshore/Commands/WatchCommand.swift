import ArgumentParser
import ImageModel
import JobMessages
import LongshoreSettings

/// `longshore watch [PATTERN]`
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show events as they come, until interrupted.",
        discussion: """
            PATTERN is a topic pattern over image.<kind>.<phase>.<owner>: "image.import.#" is every import, \
            "image.*.failed.#" every failure, "job.rejected.#" every message that was no job.
            """)

    @Argument(help: "Which events; by default all.")
    var pattern = "#"

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let settings = try global.settings()
        let access = try BrokerAccess(
            settings.broker, role: "watch", logger: global.quietLogger)
        try await access.requireReachable()
        let json = global.json
        let gap: @Sendable () -> Void = {
            Console.warn("the connection to the broker was lost; events that came meanwhile are not shown")
        }
        try await EventFeed(access).withEvents(matching: [pattern], onGap: gap) { events in
            while let (event, body) = await events.next() { Self.show(event, body, json: json) }
        }
    }

    private static func show(_ event: ReceivedEvent, _ body: [UInt8], json: Bool) {
        guard !json else {
            Console.say(String(decoding: body, as: UTF8.self))
            return
        }
        let name = event.type.split(separator: ".").dropFirst(2).dropLast().joined(separator: ".")
        var parts = [event.time ?? "-", name, "job=\(event.jobID ?? "-")"]
        if let image = event.imageID { parts.append("image=\(image)") }
        if let progress = event.progress { parts.append(ProgressLine.text(progress, width: 0)) }
        if let error = event.error { parts.append("\(error.code): \(error.message)") }
        Console.say(parts.joined(separator: "  "))
    }
}

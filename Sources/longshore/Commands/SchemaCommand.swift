import ArgumentParser
import JobMessages
import LongshoreSettings

/// `longshore schema job|event|configuration`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of jobs or events, or the table of configuration keys.")

    /// What there is a schema of.
    enum Subject: String, CaseIterable, ExpressibleByArgument {
        case job
        case event
        case configuration
    }

    @Argument(help: "job: the body of a job message; event: a CloudEvent; configuration: a table of all keys.")
    var subject: Subject

    func run() {
        switch subject {
        case .job: Console.say(JobSchema.json)
        case .event: Console.say(EventSchema.json)
        case .configuration: Console.say(Settings.documentationTable)
        }
    }
}

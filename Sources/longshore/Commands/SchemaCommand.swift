import ArgumentParser
import JobMessages

/// `longshore schema job|event`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of what producers send or consumers get.")

    /// What there is a schema of.
    enum Subject: String, CaseIterable, ExpressibleByArgument {
        case job
        case event
    }

    @Argument(help: "job: the body of a job message; event: a CloudEvent.")
    var subject: Subject

    func run() {
        switch subject {
        case .job: Console.say(JobSchema.json)
        case .event: Console.say(EventSchema.json)
        }
    }
}

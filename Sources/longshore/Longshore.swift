import ArgumentParser
import Foundation

/// The `longshore` program.
package enum LongshoreProgram {
    /// Does what the command line asks for and exits with its code.
    package static func run() async {
        await Longshore.main()
    }
}

/// The `longshore` command.
struct Longshore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "longshore",
        abstract: "Imports virtual-machine images from AMQP job queues into storage.",
        discussion: """
            Exit codes: 0 done, 1 the job failed, 2 wrong usage or configuration, 3 broker unreachable,
            4 catalog unreachable, 5 not found, 6 refused as unsafe, 124 --timeout passed, 130 interrupted.
            """,
        version: Build.version,
        groupedSubcommands: [
            CommandGroup(name: "Work", subcommands: [WorkerCommand.self]),
            CommandGroup(
                name: "Jobs",
                subcommands: [
                    ImportCommand.self, CopyCommand.self, ShareCommand.self, UpdateCommand.self, DeleteCommand.self,
                    CancelCommand.self,
                    SubmitCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [WatchCommand.self, JobsCommand.self, ImagesCommand.self, InspectCommand.self]),
            CommandGroup(name: "Mend", subcommands: [EventsCommand.self, DeadCommand.self, SweepCommand.self]),
            CommandGroup(
                name: "Set up", subcommands: [TopologyCommand.self, DoctorCommand.self, SchemaCommand.self]),
        ])

    static func main() async {
        Allocator.configure()
        // Reports and pipes end when their reader does; that must show as an error of the write, not as a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot(Arguments.normalized(Array(CommandLine.arguments.dropFirst())))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let trouble as CommandTrouble {
            Console.complain(trouble.message)
            Foundation.exit(trouble.code.rawValue)
        } catch {
            // Wrong usage is 2 in the contract; --help and --version are no errors.
            let code = exitCode(for: error)
            guard code == .success else {
                Console.explain(fullMessage(for: error))
                Foundation.exit(code == .validationFailure ? CommandExit.usage.rawValue : code.rawValue)
            }
            exit(withError: error)
        }
    }
}

/// Lets the options that every command takes stand before the command too: `longshore --config FILE worker`.
enum Arguments {
    static func normalized(_ arguments: [String]) -> [String] {
        var moved: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            if first == "--json" || first.hasPrefix("--config=") {
                moved.append(String(first))
                rest = rest.dropFirst()
            } else if first == "--config", rest.count > 1 {
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        return rest + moved
    }
}

/// What this program is.
enum Build {
    static let version = "0.1.0"
}

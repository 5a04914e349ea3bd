import ArgumentParser
import JobMessages
import LongshoreSettings
import Worker

/// `longshore topology declare|check|export|adopt`
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Set up, check or hand over the exchanges and queues on the broker.",
        subcommands: [Declare.self, Check.self, Export.self, Adopt.self])

    struct Declare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create what is missing; change nothing that exists.")

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            try await TopologyCommand.prepare(.declare, global)
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare with what is on the broker; create nothing.", aliases: ["verify"])

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            try await TopologyCommand.prepare(.verify, global)
        }
    }

    private static func prepare(_ mode: Settings.Topology, _ global: GlobalOptions) async throws {
        let settings = try global.settings()
        let access = try BrokerAccess(
            settings.broker, role: "topology", logger: global.quietLogger)
        let catalog = try mode == .verify ? CatalogAccess.openToRead(settings) : CatalogAccess.open(settings)
        let unchecked = try await access.prepareTopology(mode, for: catalog)
        if global.json {
            Console.say(["prefix": .string(access.names.prefix), "unverified": .array(unchecked.map { .string($0) })])
        } else {
            for sentence in unchecked { Console.say("not verified: \(sentence)") }
            Console.say("the topology under \"\(access.names.prefix)\" is as it should be")
        }
    }
}

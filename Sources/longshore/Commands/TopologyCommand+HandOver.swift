import ArgumentParser
import ImageModel
import JobMessages
import LongshoreSettings
import RabbitMQ
import Worker

extension TopologyCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the topology as RabbitMQ definitions; no broker is asked.",
            discussion: """
                For installations whose workers may not declare anything (broker.topology: verify). Examples:
                  longshore topology export > longshore.json && rabbitmqctl import_definitions longshore.json
                  longshore topology export --operator my-cluster | kubectl apply -f -
                """)

        @Option(help: ArgumentHelp("The virtual host; by default that of broker.url.", valueName: "name"))
        var vhost: String?

        @Option(
            help: ArgumentHelp(
                "Print manifests for the Messaging Topology Operator, for this RabbitmqCluster.", valueName: "cluster"))
        var `operator`: String?

        @Flag(help: "Leave out the exchange that names the catalog, and ask no catalog; `topology adopt` makes it.")
        var withoutCatalog = false

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let settings = try global.settings()
            let access = try BrokerAccess(settings.broker, role: "topology", logger: global.quietLogger)
            let catalog: CatalogID? =
                if withoutCatalog { nil } else { try await CatalogAccess.open(settings).identity() }
            let host = access.configuration.endpoints.first?.virtualHost ?? "/"
            let export = TopologyExport(
                topology: .longshore(access.names, queues: access.queueKind, catalog: catalog), names: access.names,
                virtualHost: vhost ?? host)
            Console.say(`operator`.map(export.manifests) ?? export.definitions)
        }
    }

    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hand the queues over to the catalog of this configuration.",
            discussion: """
                For a catalog that takes the place of another one, for example after a move from SQLite to PostgreSQL. \
                Messages that wait in the queues become jobs of the new catalog. Refused while workers consume from the \
                queues: stop those of the old catalog first.
                """)

        @Flag(help: "Confirms that the catalog which has the queues now is not used any more.")
        var yes = false

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let settings = try global.settings()
            let access = try BrokerAccess(settings.broker, role: "topology", logger: global.quietLogger)
            let catalog = try await CatalogAccess.open(settings).identity()
            let isNew = try await access.adoptTopology(for: catalog, isConfirmed: yes)
            if global.json {
                Console.say([
                    "prefix": .string(access.names.prefix), "catalog": .string(catalog.rawValue),
                    "adopted": .bool(isNew),
                ])
            } else if isNew {
                Console.say("the queues under \"\(access.names.prefix)\" belong to catalog \(catalog) now")
            } else {
                Console.say("the queues under \"\(access.names.prefix)\" belong to catalog \(catalog) already")
            }
        }
    }
}

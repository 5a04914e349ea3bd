import ArgumentParser
import Catalog
import ImageModel
import JobMessages
import LongshoreSettings
import RabbitMQ
import Worker

/// `longshore events resend`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Publish events of the history again.", subcommands: [Resend.self])

    struct Resend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish events of the history again, under their own ids.",
            discussion: """
                For consumers that missed events: each one goes out with the id, bytes and routing key it had, one \
                image's events in order, confirmed by the broker. Who has seen an id before can ignore it. Events that \
                the relay has still to send are left to it.
                """)

        @Option(help: ArgumentHelp("Only events of this image.", valueName: "id"))
        var image: String?

        @Option(help: ArgumentHelp("Only events of this job.", valueName: "id"))
        var job: String?

        @Option(
            help: ArgumentHelp(
                "Only what happened then or later, as 2026-11-21T12:00:00Z.", valueName: "time"))
        var since: String?

        @Option(help: ArgumentHelp("Only what happened before then.", valueName: "time"))
        var until: String?

        @Flag(help: "The whole history; needed when nothing else chooses.")
        var all = false

        @Flag(help: "Show what would be sent, and send nothing.")
        var dryRun = false

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let filter = try filter()
            let settings = try global.settings()
            let catalog = try CatalogAccess.openToRead(settings)
            if let image = filter.image, filter.job == nil {
                let isKnown = try await catalog.ask {
                    try $0.image(image) != nil || !$0.publishedEvents(filter).isEmpty
                }
                guard isKnown else { throw CommandTrouble(.notFound, "the catalog knows no image \(image)") }
            }
            if let job = filter.job {
                let isKnown = try await catalog.ask { rows in
                    try JobID(job).flatMap(rows.job) != nil || !rows.publishedEvents(filter).isEmpty
                }
                guard isKnown else { throw CommandTrouble(.notFound, "the catalog knows no job \(job)") }
            }
            let access = try BrokerAccess(settings.broker, role: "resend", logger: global.quietLogger)
            if !dryRun { try await access.requireReachable() }
            let count = try await resend(filter, of: catalog, settings, through: access)
            report(count)
        }

        private func filter() throws -> HistoryFilter {
            let filter = HistoryFilter(
                image: try image.map { try identifier($0, "--image") }, job: job,
                since: try since.map { try moment($0, "--since") }, until: try until.map { try moment($0, "--until") })
            guard all || filter != HistoryFilter() else {
                throw CommandTrouble(
                    .usage, "choose events with --image, --job, --since or --until, or all of them with --all")
            }
            return filter
        }

        private func resend(
            _ filter: HistoryFilter, of catalog: ImageCatalog, _ settings: Settings, through access: BrokerAccess
        ) async throws -> ResendCount {
            let (isDryRun, json) = (dryRun, global.json)
            let views = ProfileViews(try ProfileAccess.make(settings))
            do {
                return try await access.withPublisher { publisher in
                    try await EventResender(
                        catalog: catalog, exchange: BrokerEventExchange(publisher: publisher, names: access.names),
                        encoder: CloudEventEncoder(cluster: settings.cluster, view: views.view)
                    ).resend(filter) { entry in
                        guard isDryRun else { return true }
                        Self.show(entry, json: json)
                        return false
                    }
                }
            } catch let error as CatalogError {
                throw CommandTrouble(error)
            } catch let error as EventExchangeError {
                throw CommandTrouble(
                    .brokerUnreachable,
                    "broker: \(error). Events before this one are out; the same command sends all of them again.")
            }
        }

        private static func show(_ entry: OutboxEntry, json: Bool) {
            if json {
                Console.say(HistoryRow.json(entry))
            } else {
                Console.say(HistoryRow.summary(entry))
            }
        }

        private func report(_ count: ResendCount) {
            guard !dryRun else { return }
            if global.json {
                Console.say(["resent": .integer(Int64(count.sent)), "unrouted": .integer(Int64(count.unrouted))])
            } else {
                Console.say("\(count.sent) events resent, \(count.unrouted) of them unrouted")
            }
        }
    }
}

/// A moment from a command-line argument, or wrong usage that names it.
func moment(_ text: String, _ option: String) throws -> Timestamp {
    guard let moment = Timestamp(rfc3339: text) else {
        throw CommandTrouble(.usage, "\(option) \"\(text)\" is no time; write it like 2026-11-21T12:00:00Z")
    }
    return moment
}

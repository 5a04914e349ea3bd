import ArgumentParser
import Catalog
import ImageModel
import JobMessages
import Worker

/// `longshore jobs list|show|retry`
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Look at jobs in the catalog, and try them again.",
        subcommands: [List.self, Show.self, Retry.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List jobs, newest first.")

        @Option(help: ArgumentHelp("Only jobs in this state; may be repeated.", valueName: "state"))
        var state: [JobState] = []

        @Option(help: "Only jobs of this kind.")
        var kind: JobKind?

        @Option(help: ArgumentHelp("Only jobs on this image.", valueName: "id"))
        var image: String?

        @Option(
            help: ArgumentHelp("Only what follows this job in the list, to go on from one before.", valueName: "id"))
        var after: String?

        @Option(help: ArgumentHelp("The most jobs to list.", valueName: "n"))
        var limit = 100

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let catalog = try CatalogAccess.openToRead(try global.settings())
            let filter = JobFilter(
                states: state.isEmpty ? nil : Set(state), kind: kind,
                image: try image.map { try identifier($0, "--image") },
                after: try after.map { try identifier($0, "--after") }, limit: ListPage<Job>.probe(max(1, limit)))
            let found = try await catalog.ask { rows -> [Job]? in
                if let after = filter.after, try rows.job(after) == nil { return nil }
                return try rows.jobs(filter)
            }
            guard let found else { throw CommandTrouble(.notFound, "the catalog knows no job \(after ?? "")") }
            let page = ListPage(found, limit: max(1, limit))
            let jobs = try await catalog.explain(page.rows)
            if let last = page.last { Console.explain("there are more jobs: --after \(last.id)") }
            guard !global.json else {
                Console.say(.array(jobs.map(EventDataEncoder.json)))
                return
            }
            var table = Table(["JOB", "KIND", "STATE", "ATTEMPT", "IMAGE", "ACCEPTED", "NOTE"])
            for job in jobs {
                table.add([
                    job.id.rawValue, job.kind.rawValue, job.state.rawValue, "\(job.attempt)",
                    job.imageID?.rawValue ?? "-", job.acceptedAt.description,
                    job.reason ?? job.failure.map { "\($0.code.rawValue): \($0.message)" } ?? "",
                ])
            }
            for line in table.lines { Console.say(line) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one job in its last state.")

        @Argument(help: "The job's id.")
        var id: String

        @OptionGroup var views: ViewOptions
        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let settings = try global.settings()
            let catalog = try CatalogAccess.openToRead(settings)
            let id: JobID = try identifier(id, "ID")
            guard let stored = try await catalog.ask({ try $0.job(id) }),
                let job = try await catalog.explain([stored]).first
            else { throw CommandTrouble(.notFound, "the catalog knows no job \(id)") }
            let data = try await catalog.ask { try $0.lastState(of: job) }
            guard let profile = views.view else {
                Console.say(EventDataEncoder.json(data))
                return
            }
            guard let view = try views.views(settings).view(of: job, image: data.image, as: profile) else {
                throw CommandTrouble(.notFound, "the documents of profile \(profile) know no such job")
            }
            Console.say(view)
        }
    }
}

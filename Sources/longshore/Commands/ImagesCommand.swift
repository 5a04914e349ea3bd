import ArgumentParser
import Catalog
import ImageModel
import JobMessages
import Worker

/// `longshore images list|show|history`
struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "Look at images in the catalog.",
        subcommands: [List.self, Show.self, History.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List images, newest first.")

        @Option(help: ArgumentHelp("Only images in this status; may be repeated.", valueName: "status"))
        var status: [ImageStatus] = []

        @Option(help: ArgumentHelp("Only images of this account.", valueName: "account"))
        var owner: String?

        @Option(help: ArgumentHelp("Only images this account has accepted.", valueName: "account"))
        var sharedWith: String?

        @Option(
            help: ArgumentHelp("Only what follows this image in the list, to go on from one before.", valueName: "id"))
        var after: String?

        @Option(help: ArgumentHelp("The most images to list.", valueName: "n"))
        var limit = 100

        @OptionGroup var views: ViewOptions
        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let settings = try global.settings()
            let catalog = try CatalogAccess.openToRead(settings)
            let filter = ImageFilter(
                statuses: status.isEmpty ? nil : Set(status), owner: try owner.map { try identifier($0, "--owner") },
                sharedWith: try sharedWith.map { try identifier($0, "--shared-with") },
                after: try after.map { try identifier($0, "--after") }, limit: ListPage<Image>.probe(max(1, limit)))
            let isViewed = views.view != nil
            let found = try await catalog.ask { rows -> [(Image, [Member])]? in
                if let after = filter.after, try rows.image(after) == nil { return nil }
                return try rows.images(filter).map { ($0, isViewed ? try rows.members(of: $0.id) : []) }
            }
            guard let found else { throw CommandTrouble(.notFound, "the catalog knows no image \(after ?? "")") }
            let page = ListPage(found, limit: max(1, limit))
            if let last = page.last { Console.explain("there are more images: --after \(last.0.id)") }
            if let profile = views.view {
                let views = try views.views(settings)
                Console.say(.array(page.rows.compactMap { views.view(of: $0, members: $1, as: profile) }))
                return
            }
            let images = page.rows.map(\.0)
            guard !global.json else {
                Console.say(.array(images.map { EventDataEncoder.json($0, includesLocationURLs: true) }))
                return
            }
            var table = Table(["IMAGE", "NAME", "OWNER", "STATUS", "FORMAT", "SIZE", "STORES"])
            for image in images {
                table.add([
                    image.id.rawValue, image.details.name, image.details.owner?.rawValue ?? "-",
                    image.status.rawValue, image.content?.format.rawValue ?? "-",
                    image.content.map { ByteCount($0.size).description } ?? "-",
                    image.replicas.map(\.store.rawValue).joined(separator: ","),
                ])
            }
            for line in table.lines { Console.say(line) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one image, and where its bytes lie.")

        @Argument(help: "The image's id.")
        var id: String

        @OptionGroup var views: ViewOptions
        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let settings = try global.settings()
            let catalog = try CatalogAccess.openToRead(settings)
            let id: ImageID = try identifier(id, "ID")
            let (found, members) = try await catalog.ask { (try $0.image(id), try $0.members(of: id)) }
            guard let image = found else {
                throw CommandTrouble(.notFound, "the catalog knows no image \(id)")
            }
            guard let profile = views.view else {
                Console.say(EventDataEncoder.json(image, includesLocationURLs: true))
                return
            }
            let view = try views.views(settings).view(of: image, members: members, as: profile)
            if let view { Console.say(view) }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what was done to an image, by whom and when.")

        @Argument(help: "The image's id.")
        var id: String

        @Option(help: ArgumentHelp("The most rows to show.", valueName: "n"))
        var limit = 1_000

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let catalog = try CatalogAccess.openToRead(try global.settings())
            let id: ImageID = try identifier(id, "ID")
            let limit = max(1, limit)
            let (image, entries) = try await catalog.ask { (try $0.image(id), try $0.history(of: id, limit: limit)) }
            guard image != nil || !entries.isEmpty else {
                throw CommandTrouble(.notFound, "the catalog knows no image \(id)")
            }
            guard !global.json else {
                Console.say(.array(entries.map(HistoryRow.json)))
                return
            }
            var table = Table(["TIME", "IMAGE", "NAME", "WORK", "EVENT", "JOB", "RESULT", "BY", "WORKER", "PUBLISHED"])
            for entry in entries { table.add(HistoryRow.cells(entry)) }
            for line in table.lines { Console.say(line) }
        }
    }
}

import ArgumentParser
import ImageModel

/// `longshore update IMAGE`
struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change what is said of an image.",
        discussion: "Example: longshore update 4ca46bf1 --protected false")

    @Argument(help: "The image's id.")
    var image: String

    @Option(help: "A new name.")
    var name: String?

    @Option(help: "A new description.")
    var description: String?

    @Option(help: "private, shared or public.")
    var visibility: ImageVisibility?

    @Option(help: "true: refuse to delete it.")
    var protected: Bool?

    @Flag(help: "Take a deleted image back, while it can be restored.")
    var restore = false

    @Option(help: ArgumentHelp("Only if the image is at this revision.", valueName: "n"))
    var ifRevision: Int64?

    @OptionGroup var job: JobOptions
    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        var changes: [ImageChange] = []
        if let name { changes.append(.name(name)) }
        if let description { changes.append(.description(description)) }
        if let visibility { changes.append(.visibility(visibility)) }
        if let protected { changes.append(.isProtected(protected)) }
        if restore { changes.append(.restore) }
        guard !changes.isEmpty else {
            throw CommandTrouble(
                .usage, "nothing to change: give --name, --description, --visibility, --protected or --restore")
        }
        let request = UpdateRequest(
            imageID: try identifier(image, "IMAGE"), changes: changes, ifRevision: ifRevision)
        try await job.run(.update(request), global: global)
    }
}

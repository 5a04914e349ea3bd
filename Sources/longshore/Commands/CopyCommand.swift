import ArgumentParser
import ImageModel

/// `longshore copy IMAGE [--store STORE] [--name NAME]`
struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Store an image once more, or make a new one from it.",
        discussion: """
            Examples: longshore copy 4ca46bf1 --store eu-2
                      longshore copy 4ca46bf1 --name my-ubuntu --account acct-2
            """)

    @Argument(help: "The image's id.")
    var image: String

    @Option(help: ArgumentHelp("The store to copy to; needed for one more replica.", valueName: "store"))
    var store: String?

    @Option(help: ArgumentHelp("Make a new image of this name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The new image's id; made when absent.", valueName: "id"))
    var id: String?

    @Option(help: ArgumentHelp("The new image's owner; the account when absent.", valueName: "account"))
    var owner: String?

    @OptionGroup var job: JobOptions
    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        guard name != nil || (id == nil && owner == nil) else {
            throw CommandTrouble(.usage, "--id and --owner are for a new image, which needs a --name")
        }
        guard name != nil || store != nil else {
            throw CommandTrouble(.usage, "say where to: --store for one more replica, --name for a new image")
        }
        let id: ImageID? = try id.map { try identifier($0, "--id") }
        let owner: AccountID? = try owner.map { try identifier($0, "--owner") }
        let request = CopyRequest(
            imageID: try identifier(image, "IMAGE"), store: try store.map { try identifier($0, "--store") },
            newImage: name.map { CopyRequest.NewImage(id: id, name: $0, owner: owner) })
        try await job.run(.copy(request), global: global)
    }
}

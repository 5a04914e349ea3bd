import ArgumentParser
import ImageModel

/// `longshore delete IMAGE`
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete an image, or one replica of it.")

    @Argument(help: "The image's id.")
    var image: String

    @Option(help: ArgumentHelp("Only the replica in this store; never the last one.", valueName: "store"))
    var store: String?

    @OptionGroup var job: JobOptions
    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let request = DeleteRequest(
            imageID: try identifier(image, "IMAGE"), store: try store.map { try identifier($0, "--store") })
        try await job.run(.delete(request), global: global)
    }
}

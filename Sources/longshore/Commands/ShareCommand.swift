import ArgumentParser
import ImageModel

/// `longshore share IMAGE ACTION MEMBER`
struct ShareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share", abstract: "Offer an image to an account, answer an offer, or take it back.",
        discussion: "Example: longshore share 4ca46bf1 offer acct-2")

    @Argument(help: "The image's id.")
    var image: String

    @Argument(help: "offer or revoke (by the owner), accept or reject (by the member).")
    var action: ShareAction

    @Argument(help: "The account it is about.")
    var member: String

    @OptionGroup var job: JobOptions
    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let request = ShareRequest(
            imageID: try identifier(image, "IMAGE"), action: action, member: try identifier(member, "MEMBER"))
        try await job.run(.share(request), global: global)
    }
}

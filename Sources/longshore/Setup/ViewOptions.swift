import ArgumentParser
import ImageProfiles
import LongshoreSettings
import Worker

/// `--view PROFILE`
struct ViewOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Print it in the words of a vendor's profile: \(ImageProfiles.ids.joined(separator: ", ")).",
            valueName: "profile"))
    var view: String?

    func validate() throws {
        guard let view, !ImageProfiles.ids.contains(view) else { return }
        throw ValidationError(
            "there is no profile \"\(view)\"; there are \(ImageProfiles.ids.joined(separator: ", "))")
    }

    /// The views of this installation.
    func views(_ settings: Settings) throws(CommandTrouble) -> ProfileViews {
        ProfileViews(try ProfileAccess.make(settings))
    }
}

import ImageProfiles
import LongshoreSettings

/// The vendors' profiles in this installation.
enum ProfileAccess {
    /// The profiles with what the settings say of them.
    static func make(_ settings: Settings) throws(CommandTrouble) -> ImageProfiles {
        for name in settings.profiles.keys.sorted() where !ImageProfiles.ids.contains(name) {
            throw CommandTrouble(
                .usage,
                "profiles.\(name): there is no such profile; there are \(ImageProfiles.ids.joined(separator: ", "))")
        }
        return ImageProfiles(
            settings.profiles.mapValues { ProfileContext(fields: $0.fields, stores: $0.stores) })
    }
}

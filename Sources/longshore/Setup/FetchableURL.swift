import ImageProfiles
import LongshoreSettings

/// Whether some worker can be configured to fetch from a URL.
enum FetchableURL {
    /// The schemes that workers know, as help and complaints name them.
    static let schemes = Settings.Scheme.allCases.map(\.rawValue).joined(separator: ", ")

    /// Finds a scheme now that no worker knows, unless the profile has a form of its own for such places. What has no scheme at
    /// all is for the check of the whole message.
    ///
    /// - Parameter url: Without its query.
    static func require(_ url: String, under profile: String?) throws(CommandTrouble) {
        let meant = profile.flatMap { ImageProfiles()[$0]?.url(ofSource: url) } ?? url
        guard let colon = meant.firstIndex(of: ":") else { return }
        let scheme = String(meant[..<colon])
        guard Settings.Scheme(rawValue: scheme.lowercased()) == nil else { return }
        // What stands before an @ may be a password.
        let shown = url.contains("@") ? "\(scheme):…" : url
        throw CommandTrouble(.usage, "\"\(shown)\" has the scheme \"\(scheme)\"; workers fetch \(schemes)")
    }
}

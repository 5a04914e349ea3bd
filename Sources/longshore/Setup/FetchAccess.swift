import ImageSource
import LongshoreSettings

/// What this installation lets jobs fetch.
enum FetchAccess {
    /// The source of images.
    static func makeSource(_ settings: Settings.Fetch) throws(CommandTrouble) -> any ImageSource {
        let policy = policy(settings)
        do throws(SourceError) {
            return try HTTPImageSource(policy: policy)
        } catch {
            throw CommandTrouble(.usage, "source: \(error.message)")
        }
    }

    private static func policy(_ settings: Settings.Fetch) -> FetchPolicy {
        var policy = FetchPolicy()
        policy.schemes = Set(settings.schemes.map(\.rawValue))
        policy.ports = Set(settings.ports.compactMap(UInt16.init(exactly:)))
        policy.redirects = settings.redirects
        policy.allowPrivate = settings.allowPrivate
        policy.only = settings.only
        policy.deny = settings.deny
        policy.timeouts.connect = settings.timeouts.connect
        policy.timeouts.header = settings.timeouts.header
        policy.timeouts.stall = settings.timeouts.stall
        policy.timeouts.total = settings.timeouts.total
        policy.proxy = settings.proxy?.revealed
        policy.userAgent = "longshore/\(Build.version)"
        return policy
    }
}

import ImageSource
import LongshoreSettings

/// What this installation lets jobs fetch.
enum FetchAccess {
    /// The source of images.
    static func makeSource(_ settings: Settings.Fetch) throws(CommandTrouble) -> any ImageSource {
        let policy = try policy(settings)
        do throws(SourceError) {
            return try HTTPImageSource(policy: policy)
        } catch {
            throw CommandTrouble(.usage, "source: \(error.message)")
        }
    }

    private static func policy(_ settings: Settings.Fetch) throws(CommandTrouble) -> FetchPolicy {
        var policy = FetchPolicy()
        policy.schemes = Set(settings.schemes.map(\.rawValue))
        policy.ports = Set(settings.ports.compactMap(UInt16.init(exactly:)))
        policy.redirects = settings.redirects
        policy.allowPrivate = try rules(settings.allowPrivate, key: "fetch.allow_private")
        policy.only = try rules(settings.only, key: "fetch.only")
        policy.deny = try rules(settings.deny, key: "fetch.deny")
        policy.timeouts.connect = settings.timeouts.connect
        policy.timeouts.header = settings.timeouts.header
        policy.timeouts.stall = settings.timeouts.stall
        policy.timeouts.total = settings.timeouts.total
        policy.proxy = settings.proxy?.revealed
        policy.userAgent = "longshore/\(Build.version)"
        return policy
    }

    private static func rules(_ texts: [String], key: String) throws(CommandTrouble) -> [HostRule] {
        var rules: [HostRule] = []
        for text in texts {
            guard let rule = HostRule(text) else {
                throw CommandTrouble(
                    .usage, "configuration:\n  \(key): \"\(text)\" is neither a host name, nor an address, nor a CIDR, "
                        + "each perhaps with a :port")
            }
            rules.append(rule)
        }
        return rules
    }
}

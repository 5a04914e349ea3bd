import Foundation
import Glibc
import ImageSource
import LongshoreSettings
import S3Signing

/// What this installation lets jobs fetch, and what it shows to be let in.
struct FetchAccess {
    /// The source of images.
    var source: any ImageSource
    /// The credentials that jobs may name.
    let credentials: CredentialBook
    /// Reads lists of digests, and their signatures where the settings want them.
    let digestLists: DigestListReader

    /// Makes what the settings name, or says which of them cannot work.
    init(_ settings: Settings) throws(CommandTrouble) {
        source = try Self.makeSource(settings.fetch)
        credentials = try Self.credentials(settings.credentials)
        digestLists = DigestListReader(signed: try Self.signedLists(settings.digestLists))
    }

    /// A source that obeys the settings, for whoever needs nothing else.
    static func makeSource(_ settings: Settings.Fetch) throws(CommandTrouble) -> any ImageSource {
        do throws(SourceError) {
            return try HTTPImageSource(policy: policy(settings))
        } catch {
            throw CommandTrouble(.usage, "source: \(error.message)")
        }
    }

    /// Keys of an S3 account serve stores and, for those of their URLs that begin with `s3://`, sources.
    private static func credentials(
        _ settings: [String: Settings.Credential]
    ) throws(CommandTrouble) -> CredentialBook {
        var entries: [String: CredentialBook.Entry] = [:]
        for (name, credential) in settings {
            guard let made = try fetchCredential(credential, name) else {
                throw CommandTrouble(
                    .usage,
                    "credentials.\(name): it cannot be sent: a header must not be one that the transfer itself needs, a "
                        + "value has no control characters, and urls begin with http:// or https:// and a plain host")
            }
            entries[name] = CredentialBook.Entry(
                credential: made, owners: Set(credential.owners), profiles: Set(credential.profiles))
        }
        return CredentialBook(entries)
    }

    /// Nil when it cannot be sent.
    private static func fetchCredential(
        _ credential: Settings.Credential, _ name: String
    ) throws(CommandTrouble) -> FetchCredential? {
        if let field = field(of: credential.content) {
            return FetchCredential(field: field.name, value: field.value, urls: credential.urls)
        }
        guard case .s3(let content) = credential.content else { return nil }
        guard let service = S3Service(endpoint: content.endpoint?.revealed, region: content.region) else {
            throw CommandTrouble(.usage, "credentials.\(name).endpoint must be like https://host:port")
        }
        return FetchCredential(
            keys: S3Keys(content), service: service, urls: credential.urls.filter { $0.hasPrefix("s3://") })
    }

    private static func field(of content: Settings.Credential.Content) -> (name: String, value: String)? {
        switch content {
        case .bearer(let token): return ("Authorization", "Bearer \(token.revealed)")
        case .basic(let username, let password):
            // RFC 7617, section 2; in UTF-8.
            let pair = Data("\(username):\(password.revealed)".utf8)
            return ("Authorization", "Basic \(pair.base64EncodedString())")
        case .header(let name, let value): return (name, value.revealed)
        case .s3: return nil
        }
    }

    private static func signedLists(
        _ settings: [String: Settings.SignedLists]
    ) throws(CommandTrouble) -> [SignedLists] {
        var lists: [SignedLists] = []
        for (name, setting) in settings.sorted(by: { $0.key < $1.key }) {
            guard access(setting.keyring, R_OK) == 0 else {
                throw CommandTrouble(.usage, "digest_lists.\(name).keyring: \(setting.keyring) cannot be read")
            }
            guard let made = SignedLists(urls: setting.urls, keyring: setting.keyring) else {
                throw CommandTrouble(.usage, "digest_lists.\(name).urls: only http:// and https:// URLs can be fetched")
            }
            lists.append(made)
        }
        return lists
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

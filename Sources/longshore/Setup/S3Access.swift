import ImageModel
import ImageStore
import LongshoreSettings
import S3Signing
import S3Store

/// How this installation reaches S3 services.
enum S3Access {
    /// What an `s3` store needs; nil for a store of another kind.
    ///
    /// - Throws: ``StoreError`` with `storeUnavailable`, not transient, when its URL or credential cannot work.
    static func configuration(
        of name: StoreName, _ store: Settings.Store, _ settings: Settings
    ) throws(StoreError) -> S3StoreConfiguration? {
        guard let bucket = store.bucket, let prefix = store.prefix else { return nil }
        let label = store.parameter(.credential) ?? ""
        guard let credential = settings.credentials[label], case .s3(let content) = credential.content else {
            throw refusal(name, "its url needs credential=NAME, the name of a credential of type s3")
        }
        guard
            let service = S3Service(
                endpoint: store.parameter(.endpoint) ?? content.endpoint?.revealed,
                region: store.parameter(.region) ?? content.region,
                style: try style(store, of: name))
        else { throw refusal(name, "endpoint must be like https://host:port, and region a plain name") }
        let path = prefix.isEmpty ? "/\(bucket)/" : "/\(bucket)/\(prefix)/"
        guard credential.urls.contains(where: { covers($0, service, path) }) else {
            throw refusal(
                name,
                "credential \(label) may not be sent there: none of its urls covers s3:/\(path) or "
                    + "\(service.scheme)://\(service.authority)\(path)")
        }
        var configuration = S3StoreConfiguration(
            service: service, bucket: bucket, prefix: prefix, keys: S3Keys(content), partSize: store.partSize?.bytes)
        configuration.caFile = store.parameter(.ca)
        configuration.userAgent = "longshore/\(Build.version)"
        return configuration
    }

    private static func style(_ store: Settings.Store, of name: StoreName) throws(StoreError) -> S3Service.Style? {
        guard let text = store.parameter(.style) else { return nil }
        guard let style = S3Service.Style(rawValue: text) else {
            throw refusal(name, "style is path or virtual, not '\(text.prefix(32))'")
        }
        return style
    }

    /// Whether a URL prefix covers a store: as `s3://bucket/…`, or as the service's own `https://host/bucket/…`.
    private static func covers(_ url: String, _ service: S3Service, _ path: String) -> Bool {
        let ended = url.hasSuffix("/") ? url : url + "/"
        return ["s3:/\(path)", "\(service.scheme)://\(service.authority)\(path)"].contains { $0.hasPrefix(ended) }
    }

    private static func refusal(_ name: StoreName, _ reason: String) -> StoreError {
        StoreError(.storeUnavailable, "store \(name): \(reason)", isTransient: false)
    }
}

extension S3Keys {
    /// The keys that a credential holds.
    init(_ content: Settings.Credential.S3) {
        self.init(
            accessKey: content.accessKey.revealed, secretKey: content.secretKey.revealed,
            sessionToken: content.sessionToken?.revealed)
    }
}

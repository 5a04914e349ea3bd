import Foundation
public import ImageModel

/// What the URL of an `s3` store may say in its query.
public enum StoreParameter: String, Sendable, CaseIterable {
    /// The name of the credential with the keys.
    case credential
    /// The service, when it is not AWS.
    case endpoint
    /// The region to sign for.
    case region
    /// `path` or `virtual`: how the bucket is named in a request.
    case style
    /// A PEM file of certificate authorities.
    case ca
}

extension Settings {
    /// The catalog.
    public struct Catalog: Sendable, Hashable {
        /// `sqlite:///path` or `postgres://…`.
        public var url: ServiceURL
        /// Encrypts the secrets the catalog holds; nil when none was given.
        public var secretKey: Secret?

        /// The file of a `sqlite` catalog, percent-decoded; nil for any other.
        public var file: String? { url.localPath(scheme: "sqlite") }

        init(reading reader: inout SettingsReader) {
            url = reader.value(StorageKeys.catalog)
            secretKey = reader.value(StorageKeys.catalogKey)
        }
    }

    /// A place for images.
    public struct Store: Sendable, Hashable {
        /// `file:///path` or `s3://bucket/prefix?credential=…&endpoint=…&region=…&style=…&ca=…`.
        public var url: ServiceURL
        /// Size of the parts of an S3 upload; the store chooses when nil.
        public var partSize: ByteCount?
        /// Free space that imports leave untouched.
        public var reserve: ByteCount

        /// The folder of a `file` store, percent-decoded; nil for any other.
        public var folder: String? { url.localPath(scheme: "file") }

        /// The bucket of an `s3` store, without its percent encoding; nil for any other.
        public var bucket: String? { objectPath?.bucket }
        /// What the keys of an `s3` store begin with, percent-decoded and without slashes at the ends; nil for any other.
        public var prefix: String? { objectPath?.prefix }

        /// A parameter of an `s3` store's URL, percent-decoded; nil when it is absent or empty.
        public func parameter(_ parameter: StoreParameter) -> String? {
            let query = url.revealed.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
            for pair in query.split(separator: "&") {
                let member = pair.split(separator: "=", maxSplits: 1)
                guard member.count == 2, member[0] == parameter.rawValue else { continue }
                return String(member[1]).removingPercentEncoding
            }
            return nil
        }

        private var objectPath: (bucket: String, prefix: String)? {
            guard url.scheme == "s3" else { return nil }
            let path = url.revealed.dropFirst("s3://".count).prefix { $0 != "?" }
            let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let prefix = parts.count == 2 ? String(parts[1]).removingPercentEncoding ?? String(parts[1]) : ""
            return (String(parts[0]), prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix)
        }

        /// All stores that have a name, or the default one when none has.
        static func all(reading reader: inout SettingsReader) -> [StoreName: Store] {
            var stores: [StoreName: Store] = [:]
            let names = reader.names(below: "stores")
            for name in names {
                let url = reader.required(StorageKeys.storeURL, of: name, "a store needs its place")
                let partSize = reader.value(StorageKeys.partSize, of: name)
                let reserve = reader.value(StorageKeys.reserve, of: name)
                guard reader.acceptsName(name, below: "stores"), let key = StoreName(name), let url else { continue }
                stores[key] = Store(url: url, partSize: partSize, reserve: reserve)
            }
            if names.isEmpty, let key = StoreName("default") {
                stores[key] = Store(
                    url: ServiceURL("file:///var/lib/longshore/images"), partSize: nil,
                    reserve: StorageKeys.reserve.fallback)
            }
            return stores
        }
    }
}

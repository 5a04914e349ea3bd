public import ImageModel

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
        /// `file:///path` or `s3://bucket/prefix?endpoint=…&region=…&credential=…`.
        public var url: ServiceURL
        /// Size of the parts of an S3 upload; the store chooses when nil.
        public var partSize: ByteCount?
        /// Free space that imports leave untouched.
        public var reserve: ByteCount

        /// The folder of a `file` store, percent-decoded; nil for any other.
        public var folder: String? { url.localPath(scheme: "file") }

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

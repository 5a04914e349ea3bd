public import ImageModel
public import ImageSource

extension Settings {
    /// A scheme of source URLs.
    public enum Scheme: String, Sendable, CaseIterable {
        /// HTTP over TLS.
        case https
        /// Plain HTTP.
        case http
        /// Objects by S3's interface.
        case s3
    }

    /// From where and how patiently images are fetched.
    public struct Fetch: Sendable, Hashable {
        /// Exempt from the rule that private addresses are refused.
        public var allowPrivate: [HostRule]
        /// When not empty, nothing but these is fetched from.
        public var only: [HostRule]
        /// Never fetched from, whatever the other two say.
        public var deny: [HostRule]
        /// Allowed URL schemes.
        public var schemes: [Scheme]
        /// Allowed ports.
        public var ports: [Int]
        /// Redirects followed.
        public var redirects: Int
        /// How long to wait for what.
        public var timeouts: Timeouts
        /// Proxy for all fetches.
        public var proxy: ServiceURL?

        /// How long to wait for what.
        public struct Timeouts: Sendable, Hashable {
            /// To a connection, TLS included.
            public var connect: Duration
            /// From the request to the first byte of the answer.
            public var header: Duration
            /// Below 1 KiB/s.
            public var stall: Duration
            /// For one attempt.
            public var total: Duration
        }

        init(reading reader: inout SettingsReader) {
            allowPrivate = reader.value(FetchKeys.allowPrivate)
            only = reader.value(FetchKeys.only)
            deny = reader.value(FetchKeys.deny)
            schemes = reader.value(FetchKeys.schemes)
            ports = reader.value(FetchKeys.ports)
            redirects = reader.value(FetchKeys.redirects)
            timeouts = Timeouts(
                connect: reader.value(FetchKeys.connect), header: reader.value(FetchKeys.header),
                stall: reader.value(FetchKeys.stall), total: reader.value(FetchKeys.total))
            proxy = reader.value(FetchKeys.proxy)
        }
    }

    /// What is too much.
    public struct Limits: Sendable, Hashable {
        /// Bytes of one image as served.
        public var image: ByteCount
        /// Bytes of one image after unpacking.
        public var unpacked: ByteCount
        /// Unpacked bytes per packed byte.
        public var unpackRatio: Int
        /// Size of the disk that the image describes.
        public var virtual: ByteCount
        /// For each owner, across all workers.
        public var owner: Owner
        /// Fetches from one host that run at once, across all workers.
        public var sourceHostRunning: Int?

        /// For each owner, across all workers; nil is no limit.
        public struct Owner: Sendable, Hashable {
            /// Images.
            public var images: Int?
            /// Stored bytes.
            public var bytes: ByteCount?
            /// Jobs that run at once.
            public var running: Int?
        }

        init(reading reader: inout SettingsReader) {
            image = reader.value(LimitKeys.image)
            unpacked = reader.value(LimitKeys.unpacked)
            unpackRatio = reader.value(LimitKeys.ratio)
            virtual = reader.value(LimitKeys.virtual)
            owner = Owner(
                images: reader.value(LimitKeys.ownerImages), bytes: reader.value(LimitKeys.ownerBytes),
                running: reader.value(LimitKeys.ownerRunning))
            sourceHostRunning = reader.value(LimitKeys.hostRunning)
        }
    }
}

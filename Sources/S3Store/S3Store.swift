public import ImageModel
public import ImageStore
public import S3Signing

/// Where an S3 store is and how it is spoken to.
public struct S3StoreConfiguration: Sendable {
    /// The service.
    public var service: S3Service
    /// The bucket, which must exist.
    public var bucket: String
    /// What keys begin with; without slashes at its ends.
    public var prefix: String
    /// The keys that sign.
    public var keys: S3Keys
    /// `stores.<name>.part_size`, in bytes; nil for 16 MiB. An image of known length gets larger parts when it needs more
    /// than 10,000 of these.
    public var partSize: Int64?
    /// A PEM file of certificate authorities, instead of the system's.
    public var caFile: String?
    /// The `User-Agent` sent.
    public var userAgent = "longshore"

    /// A configuration from its parts.
    public init(service: S3Service, bucket: String, prefix: String, keys: S3Keys, partSize: Int64? = nil) {
        self.service = service
        self.bucket = bucket
        self.prefix = prefix
        self.keys = keys
        self.partSize = partSize
    }
}

/// Images as objects of an S3 service, below one prefix of one bucket.
///
/// Bytes are staged as the parts of a multipart upload, which nobody can read until the upload is completed: a crash at any
/// instant leaves an upload, that a successor goes on with or a sweep aborts, or a whole object. See the article
/// <doc:Uploads> for how a successor goes on.
///
/// One thread performs the requests of a store and keeps its connections; releasing the store waits for it.
public struct S3Store: ImageStore {
    /// The configured name.
    public let name: StoreName
    let client: S3Client
    let partSize: Int64

    var place: S3Place { client.place }

    /// The size of parts when none is configured.
    public static let standardPartSize: Int64 = 16 << 20

    /// A store in a bucket; touches nothing yet.
    ///
    /// - Throws: ``StoreError`` with `storeUnavailable`, not transient, when bucket or prefix cannot be used, and with
    ///   `internal` when the system gives no thread.
    public init(name: StoreName, _ configuration: S3StoreConfiguration) throws(StoreError) {
        let prefix = configuration.prefix
        guard S3Service.isBucket(configuration.bucket), prefix.utf8.count <= 512, !prefix.hasPrefix("/"),
            !prefix.contains("//"), prefix.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw StoreError(
                .storeUnavailable, "store \(name): its URL is not like s3://bucket/prefix", isTransient: false)
        }
        self.name = name
        partSize = configuration.partSize ?? Self.standardPartSize
        let ended = prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
        let place = S3Place(name: name, service: configuration.service, bucket: configuration.bucket, prefix: ended)
        do throws(S3Failure) {
            client = try S3Client(
                place: place, keys: configuration.keys,
                manners: CallManners(caFile: configuration.caFile, userAgent: configuration.userAgent))
        } catch {
            throw StoreError(.internal, "store \(name): \(error.reason)", isTransient: true)
        }
    }

    /// Looks whether the bucket answers; it has no bounds.
    public func freeBytes() async throws(StoreError) -> Int64? {
        try await asking("look at the store") { () async throws(S3Failure) in
            var request = S3Request("GET", place.key(S3Layout.marker))
            request.tries = 2
            request.patience = .seconds(10)
            do throws(S3Failure) {
                _ = try await client.send(request)
            } catch  where error.isAbsence {}
        }
        return nil
    }

    /// Removes an object. A key that this store did not make is refused with `internal`.
    public func delete(objectKey: String) async throws(StoreError) {
        let name = try S3Layout.Name(path: objectKey, in: name)
        try await asking("delete \(name.path)") { () async throws(S3Failure) in
            try await client.delete(place.key(name.path))
            try await client.delete(place.key(name.resumedPath))
        }
    }

    /// Runs requests and puts what goes wrong in the store's words.
    func asking<Value>(
        _ attempt: String, _ body: () async throws(S3Failure) -> Value
    ) async throws(StoreError) -> Value {
        do throws(S3Failure) {
            return try await body()
        } catch {
            throw error.storeError(in: place, attempt)
        }
    }
}

import ImageModel
import ImageStore
import S3Signing
import S3Store
import TestSupport
import Testing

/// A bucket for one store. It stays: the service goes with the run.
final class TemporaryS3Place: StorePlace {
    let bucket: String
    /// With a character in it that must be escaped.
    let prefix = "images/of cloud+1"
    let partSize: Int64

    init(partSize: Int64 = 5 << 20) async throws {
        bucket = try await RealS3.makeBucket()
        self.partSize = partSize
    }

    func configuration() throws -> S3StoreConfiguration {
        let service = try #require(S3Service(endpoint: RealS3.url, region: nil))
        return S3StoreConfiguration(
            service: service, bucket: bucket, prefix: prefix,
            keys: S3Keys(accessKey: RealS3.accessKey, secretKey: RealS3.secretKey), partSize: partSize)
    }

    func open(_ name: StoreName) throws -> any ImageStore {
        try S3Store(name: name, configuration())
    }

    func bytes(of object: StoredObject) async throws -> [UInt8] {
        let path = try #require(object.url.hasPrefix("s3://") ? object.url.dropFirst("s3:/".count) : nil)
        return try await RealS3.request("GET", String(path))
    }

    func litter() async throws {
        try await RealS3.request("PUT", "/\(bucket)/\(prefix.uriEncoded(keepingSlashes: true))/photo.jpg", body: [1])
    }
}

import TestSupport
import Testing

/// Stores in a bucket of the S3 service of the tests, which is reached through a proxy that counts and hinders.
struct S3Place {
    let bucket: String
    let proxy: Proxy

    init(bucket: String) throws {
        self.bucket = bucket
        let port = try #require(RealS3.url?.split(separator: ":").last.flatMap { UInt16($0) })
        proxy = try Proxy(to: port, framed: false)
    }

    private var endpoint: String { "http://127.0.0.1:\(proxy.port)" }

    /// Settings that make stores of these names, each below a prefix that no other site has.
    func settings(for stores: String...) -> [String: String] {
        var settings = [
            "credentials.objects.type": "s3", "credentials.objects.access_key": RealS3.accessKey,
            "credentials.objects.secret_key": RealS3.secretKey, "credentials.objects.endpoint": endpoint,
            "credentials.objects.urls": "s3://\(bucket)/",
        ]
        for store in stores {
            settings["stores.\(store).url"] =
                "s3://\(bucket)/\(store)\(Site.place)?credential=objects&endpoint=\(endpoint)"
            settings["stores.\(store).part_size"] = "5MiB"
        }
        return settings
    }

    /// The keys of all objects of a store, its marker apart.
    func keys(of store: String) async throws -> [String] {
        let list = String(decoding: try await RealS3.request("GET", "/\(bucket)?prefix=\(store)%2F"), as: UTF8.self)
        return list.split(separator: "<Key>").dropFirst().map { String($0.prefix { $0 != "<" }) }
            .filter { !$0.hasSuffix(".longshore") }
    }

    /// The keys of a store's images, without what tells which writer's object is one.
    func images(of store: String) async throws -> [String] {
        try await keys(of: store).filter { !$0.hasSuffix(".resumed") }
    }

    /// How many uploads were begun and not ended.
    func uploads() async throws -> Int {
        let list = String(decoding: try await RealS3.request("GET", "/\(bucket)?uploads="), as: UTF8.self)
        return list.split(separator: "<Upload>").count - 1
    }

    /// The bytes of an object.
    func bytes(of key: String) async throws -> [UInt8] {
        try await RealS3.request("GET", "/\(bucket)/\(key)")
    }
}

import ImageModel
public import ImageStore

extension S3Store {
    /// Looks up an object and lends it to `body`, who reads it by ranges.
    public func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        let facts = try await facts(of: objectKey)
        let name = try S3Layout.Name(path: objectKey, in: name)
        return try await body(RangeReader(of: self, name.path, etag: facts.etag, size: facts.size))
    }

    /// Whether both are of one service and one account: then the service copies by itself.
    public func canClone(from other: any ImageStore) async -> Bool {
        guard let other = other as? S3Store else { return false }
        return other.place.service == place.service && other.client.keys == client.keys && client.copiesParts
    }

    /// What is known of an object that must be there.
    func facts(of objectKey: String) async throws(StoreError) -> ObjectFacts {
        let name = try S3Layout.Name(path: objectKey, in: name)
        let facts = try await asking("look for \(name.path)") { () async throws(S3Failure) in
            try await client.head(place.key(name.path))
        }
        guard let facts else {
            throw StoreError(
                .storeUnavailable, "store \(self.name): there is no object \(place.url(name.path))", isTransient: true)
        }
        return facts
    }
}

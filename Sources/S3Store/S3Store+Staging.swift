public import ImageModel
public import ImageStore

extension S3Store {
    /// Lends `body` a staging that begins with nothing.
    public func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await withStaging(transfer, keeping: 0, expectedSize: expectedSize, body)
    }

    /// Lends `body` a staging that begins with what an earlier writer stored, if all of that is there.
    ///
    /// Nobody is kept from writing: what another writer still sends goes to an upload that ended, and is refused.
    public func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        let name = try S3Layout.Name(transfer, in: name)
        if durableBytes > 0 {
            let kept = try await asking("go on with \(name.text)") { () async throws(S3Failure) in
                try await keep(durableBytes, of: name)
            }
            if let kept {
                let staging = S3Staging(of: self, name, expectedSize: expectedSize, keeping: kept)
                if let result = try await staging.run(body) { return result }
            }
        }
        let staging = S3Staging(of: self, name, expectedSize: expectedSize, keeping: nil)
        guard let result = try await staging.run(body) else { throw staging.sealed }
        return result
    }

    /// The object a transfer committed; an upload that a successor completed early is none.
    public func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        let name = try S3Layout.Name(transfer, in: name)
        let facts = try await asking("look for \(name.path)") { () async throws(S3Failure) in
            try await committedFacts(of: name)
        }
        return facts.map { StoredObject(objectKey: name.path, url: place.url(name.path), size: $0.size) }
    }

    /// Aborts the uploads of a transfer and removes what a successor completed early. A writer that still lives is refused
    /// its next part.
    public func discard(_ transfer: TransferID) async throws(StoreError) {
        let name = try S3Layout.Name(transfer, in: name)
        try await asking("discard \(name.text)") { () async throws(S3Failure) in
            try await clearStaging(of: name, isResumed: false)
        }
    }

    /// What is known of a transfer's object, if it is the whole image.
    func committedFacts(of name: S3Layout.Name) async throws(S3Failure) -> ObjectFacts? {
        guard let facts = try await client.head(place.key(name.path)) else { return nil }
        guard let writer = try await client.get(place.key(name.resumedPath)) else { return facts }
        return facts.writer.map { $0.utf8.elementsEqual(writer) } ?? false ? facts : nil
    }

    /// Aborts the uploads of a transfer.
    ///
    /// - Parameter isResumed: Whether what a successor completed early stays, because it is gone on with.
    func clearStaging(of name: S3Layout.Name, isResumed: Bool) async throws(S3Failure) {
        let key = place.key(name.path)
        for upload in try await client.uploads(key) where upload.key == key {
            try await client.abort(S3Upload(key: key, id: upload.id))
        }
        guard !isResumed, try await client.get(place.key(name.resumedPath)) != nil else { return }
        if try await committedFacts(of: name) == nil { try await client.delete(key) }
        try await client.delete(place.key(name.resumedPath))
    }

    /// A name that no other writer has.
    static func makeWriter() -> String {
        (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
    }
}

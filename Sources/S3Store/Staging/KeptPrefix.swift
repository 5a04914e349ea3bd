import ImageModel
import ImageStore

/// The first bytes of a transfer that an earlier writer staged, readable by now.
struct KeptPrefix: Sendable {
    /// How many.
    let bytes: Int64
    /// The object that begins with them.
    let source: S3CopySource
    /// Who writes on: the object of this writer alone is the image.
    let writer: String
}

extension S3Store {
    /// Makes what an earlier writer staged readable; nil when less is there than `bytes`.
    ///
    /// The order matters: first it is written down who writes now, and only then an upload is completed that is not the
    /// whole image.
    func keep(_ bytes: Int64, of name: S3Layout.Name) async throws(S3Failure) -> KeptPrefix? {
        let key = place.key(name.path)
        let present = try await client.head(key)
        if present != nil, try await committedFacts(of: name) != nil { return nil }
        let isThere = present.map { $0.size >= bytes } ?? false
        let upload = isThere ? nil : try await upload(with: bytes, of: key)
        guard isThere || upload != nil else { return nil }
        let writer = Self.makeWriter()
        try await client.put(place.key(name.resumedPath), CallBody(Array(writer.utf8)))
        if let upload {
            guard try await complete(upload.upload, first: upload.count, of: upload.parts) else { return nil }
        }
        guard let facts = try await client.head(key), facts.size >= bytes, facts.writer != writer else { return nil }
        return KeptPrefix(
            bytes: bytes, source: S3CopySource(bucket: place.bucket, key: key, etag: facts.etag), writer: writer)
    }

    /// The newest upload whose first parts hold so many bytes, and how many parts that takes.
    private func upload(
        with bytes: Int64, of key: String
    ) async throws(S3Failure) -> (upload: S3Upload, parts: [ListedPart], count: Int)? {
        for listed in try await client.uploads(key) where listed.key == key {
            let upload = S3Upload(key: key, id: listed.id)
            let parts = try await client.parts(of: upload.id, key)
            if let count = Self.partsNeeded(for: bytes, of: parts) { return (upload, parts, count) }
        }
        return nil
    }

    /// How many parts from the first on hold so many bytes; nil when there are not as many without a gap, or one before the
    /// last is of another size.
    static func partsNeeded(for bytes: Int64, of parts: [ListedPart]) -> Int? {
        var sum: Int64 = 0
        for (index, part) in parts.enumerated() {
            guard part.number == index + 1, part.size <= parts[0].size else { return nil }
            sum += part.size
            if sum >= bytes { return index + 1 }
            guard part.size == parts[0].size else { return nil }
        }
        return nil
    }

    /// Completes an upload early; false when the service refuses.
    private func complete(
        _ upload: S3Upload, first count: Int, of parts: [ListedPart]
    ) async throws(S3Failure) -> Bool {
        // Some services take back the parts that are not named; others want all of them named.
        for number in Set([count, parts.count]).sorted() {
            do {
                try await client.complete(
                    upload, parts.prefix(number).map { ($0.number, $0.etag) }, mustBeNew: false)
                return true
            } catch  where error.outlook != .again {}
        }
        return false
    }
}

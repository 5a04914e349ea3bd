import ImageModel

/// An object, as a list has it.
struct ListedObject: Sendable, Hashable {
    let key: String
    let size: Int64
    let modifiedAt: Timestamp
}

/// A multipart upload that has not ended, as a list has it.
struct ListedUpload: Sendable, Hashable {
    let key: String
    let id: String
    let begunAt: Timestamp
}

/// A part, as a list has it.
struct ListedPart: Sendable, Hashable {
    let number: Int
    let size: Int64
    let etag: String
    let modifiedAt: Timestamp
}

/// Lists, read page by page.
extension S3Client {
    /// A list that is longer is a service that repeats itself.
    private static let pageLimit = 100_000

    /// Lends the objects below `prefix` to `body`, page by page, until it returns false.
    ///
    /// - Parameter delimiter: Whether keys with a slash behind the prefix come as the part up to it, once, in `folders`.
    func list(
        _ prefix: String, delimiter: Bool = false, limit: Int = 1_000,
        _ body: (_ objects: [ListedObject], _ folders: [String]) -> Bool
    ) async throws(S3Failure) {
        var token: String?
        for _ in 0..<Self.pageLimit {
            var request = S3Request(
                "GET", nil, query: [("list-type", "2"), ("prefix", prefix), ("max-keys", "\(limit)")])
            if delimiter { request.query.append(("delimiter", "/")) }
            if let token { request.query.append(("continuation-token", token)) }
            let page = try await document(request, "ListBucketResult")
            var objects: [ListedObject] = []
            for entry in page.all("Contents") {
                guard let key = entry["Key"], let size = entry["Size"].flatMap({ Int64($0) }),
                    let moment = entry["LastModified"].flatMap(Timestamp.init(rfc3339:))
                else { throw S3Failure(nonsense: "a list of objects has an entry without key, size or time") }
                objects.append(ListedObject(key: key, size: size, modifiedAt: moment))
            }
            guard body(objects, page.all("CommonPrefixes").compactMap { $0["Prefix"] }) else { return }
            guard page["IsTruncated"] == "true", let next = page["NextContinuationToken"], next != token else { return }
            token = next
        }
    }

    /// All uploads whose keys begin with `prefix`, the newest first.
    func uploads(_ prefix: String) async throws(S3Failure) -> [ListedUpload] {
        var uploads: [ListedUpload] = []
        var mark: (key: String, id: String)?
        for _ in 0..<Self.pageLimit {
            var request = S3Request("GET", nil, query: [("uploads", ""), ("prefix", prefix)])
            if let mark { request.query += [("key-marker", mark.key), ("upload-id-marker", mark.id)] }
            let page = try await document(request, "ListMultipartUploadsResult")
            for entry in page.all("Upload") {
                guard let key = entry["Key"], let id = entry["UploadId"],
                    let moment = entry["Initiated"].flatMap(Timestamp.init(rfc3339:))
                else { throw S3Failure(nonsense: "a list of uploads has an entry without key, id or time") }
                uploads.append(ListedUpload(key: key, id: id, begunAt: moment))
            }
            guard page["IsTruncated"] == "true", let key = page["NextKeyMarker"] else { break }
            let next = (key, page["NextUploadIdMarker"] ?? "")
            if let mark, mark == next { break }
            mark = next
        }
        return uploads.filter { $0.key.hasPrefix(prefix) }.sorted { $0.begunAt > $1.begunAt }
    }

    /// The parts of an upload in their order; none when there is no such upload.
    func parts(of upload: String, _ key: String) async throws(S3Failure) -> [ListedPart] {
        var parts: [ListedPart] = []
        var mark: String?
        for _ in 0..<Self.pageLimit {
            var request = S3Request("GET", key, query: [("uploadId", upload)])
            if let mark { request.query.append(("part-number-marker", mark)) }
            let page: XMLElement
            do {
                page = try await document(request, "ListPartsResult")
            } catch  where error.isAbsence {
                return []
            }
            for entry in page.all("Part") {
                guard let number = entry["PartNumber"].flatMap({ Int($0) }),
                    let size = entry["Size"].flatMap({ Int64($0) }), let etag = entry["ETag"],
                    let moment = entry["LastModified"].flatMap(Timestamp.init(rfc3339:))
                else { throw S3Failure(nonsense: "a list of parts has an entry without number, size, ETag or time") }
                parts.append(ListedPart(number: number, size: size, etag: etag, modifiedAt: moment))
            }
            guard page["IsTruncated"] == "true", let next = page["NextPartNumberMarker"], next != mark else { break }
            mark = next
        }
        return parts.sorted { $0.number < $1.number }
    }

    /// The answer to a request, as the document that it must be.
    func document(_ request: S3Request, _ name: String) async throws(S3Failure) -> XMLElement {
        let answer = try await send(request)
        guard let root = XMLElement(parsing: answer.body), root.name == name else {
            throw S3Failure(nonsense: "the answer is no \(name)")
        }
        return root
    }
}

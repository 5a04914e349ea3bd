import S3Signing

/// The requests that a store makes, one function each.
extension S3Client {
    /// What a HEAD tells of an object; nil when there is none.
    func head(_ key: String) async throws(S3Failure) -> ObjectFacts? {
        do {
            let answer = try await send(S3Request("HEAD", key))
            return try ObjectFacts(answer)
        } catch  where error.isAbsence {
            return nil
        }
    }

    /// A small object's bytes; nil when there is none.
    func get(_ key: String) async throws(S3Failure) -> [UInt8]? {
        do {
            var request = S3Request("GET", key)
            request.answerLimit = 64 << 10
            return try await send(request).body
        } catch  where error.isAbsence {
            return nil
        }
    }

    /// Bytes of an object that must be the one with `etag`.
    func get(_ key: String, from offset: Int64, count: Int, etag: String) async throws(S3Failure) -> [UInt8] {
        var request = S3Request("GET", key)
        request.fields = [("range", "bytes=\(offset)-\(offset + Int64(count) - 1)")]
        request.answerLimit = max(count, 64 << 10)
        request.patience = .whileMoving
        let answer = try await send(request)
        guard answer.fields["etag"] == etag else {
            throw S3Failure(nonsense: "the object changed while it was read")
        }
        // A service that ignores ranges answers 200 with the object, which is right only when that is what was asked for.
        guard answer.status == 206 || offset == 0, answer.body.count == count else {
            throw S3Failure(nonsense: "\(answer.body.count) bytes came instead of \(count)")
        }
        return answer.body
    }

    /// Writes a small object.
    ///
    /// - Parameter mustBeNew: Whether to fail with a precondition failure when there is one of that key.
    func put(
        _ key: String, _ body: CallBody, mustBeNew: Bool = false, fields: [(name: String, value: String)] = []
    ) async throws(S3Failure) {
        var request = S3Request("PUT", key)
        request.body = body
        request.patience = .whileMoving
        let digests = await PartDigests(of: body, isSigned: true)
        request.payloadHash = digests.sha256Hex
        request.fields = fields + [("content-md5", digests.md5Base64)]
        guard mustBeNew else {
            _ = try await send(request)
            return
        }
        do {
            var conditional = request
            conditional.fields.append(("if-none-match", "*"))
            _ = try await send(conditional)
        } catch  where error.isNotImplemented {
            _ = try await send(request)
        }
    }

    /// Removes an object; does nothing when there is none.
    func delete(_ key: String) async throws(S3Failure) {
        do {
            _ = try await send(S3Request("DELETE", key))
        } catch  where error.isAbsence {}
    }
}

/// What an answer's head tells of an object.
struct ObjectFacts: Sendable, Hashable {
    let size: Int64
    /// With its quotes.
    let etag: String
    /// What the object's writer was called; nil for one that no ``S3Upload`` made.
    let writer: String?

    init(_ answer: CallAnswer) throws(S3Failure) {
        guard let size = answer.fields["content-length"].flatMap({ Int64($0) }), let etag = answer.fields["etag"] else {
            throw S3Failure(nonsense: "an object has neither length nor ETag")
        }
        self.size = size
        self.etag = etag
        writer = answer.fields["x-amz-meta-\(S3Layout.writerField)"]
    }
}

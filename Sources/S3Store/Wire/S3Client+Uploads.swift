import S3Signing

/// A multipart upload.
struct S3Upload: Sendable, Hashable {
    let key: String
    let id: String
}

/// A part that a service has.
struct UploadedPart: Sendable, Hashable {
    let number: Int
    let etag: String
    /// The MD5 of its bytes; nil when the service makes its ETags of something else.
    let md5: [UInt8]?
}

/// The requests that make up a multipart upload.
extension S3Client {
    /// Begins an upload whose object will say who wrote it.
    func beginUpload(_ key: String, writer: String, group: UInt64) async throws(S3Failure) -> S3Upload {
        var request = S3Request("POST", key, query: [("uploads", "")])
        request.fields = [("x-amz-meta-\(S3Layout.writerField)", writer)]
        request.group = group
        guard let id = try await document(request, "InitiateMultipartUploadResult")["UploadId"], !id.isEmpty else {
            throw S3Failure(nonsense: "a new upload has no id")
        }
        return S3Upload(key: key, id: id)
    }

    /// Uploads a part, or replaces it.
    ///
    /// The service compares the MD5, and without TLS the signed SHA-256 too; we compare the ETag.
    func upload(_ body: CallBody, as number: Int, of upload: S3Upload, group: UInt64) async throws(S3Failure)
        -> UploadedPart
    {
        let digests = await PartDigests(of: body, isSigned: place.service.scheme != "https")
        var request = S3Request("PUT", upload.key, query: [("partNumber", "\(number)"), ("uploadId", upload.id)])
        request.fields = [("content-md5", digests.md5Base64)]
        request.payloadHash = digests.sha256Hex
        request.body = body
        request.patience = .whileMoving
        request.group = group
        let answer = try await send(request)
        guard let etag = answer.fields["etag"] else { throw S3Failure(nonsense: "part \(number) has no ETag") }
        let isMD5 = etag.unquoted.count == 32 && answer.fields["x-amz-server-side-encryption"] != "aws:kms"
        if isMD5, etag.unquoted.lowercased() != digests.md5.lowercaseHex,
            answer.fields["x-amz-server-side-encryption-customer-algorithm"] == nil
        {
            throw S3Failure(nonsense: "part \(number) did not arrive as it was sent")
        }
        return UploadedPart(
            number: number, etag: etag, md5: etag.unquoted.lowercased() == digests.md5.lowercaseHex ? digests.md5 : nil)
    }

    /// Makes a part of bytes that lie in the service already.
    func copy(
        _ range: Range<Int64>, of source: S3CopySource, as number: Int, of upload: S3Upload, group: UInt64
    ) async throws(S3Failure) -> UploadedPart {
        var request = S3Request("PUT", upload.key, query: [("partNumber", "\(number)"), ("uploadId", upload.id)])
        request.fields = [
            ("x-amz-copy-source", source.field),
            ("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
            ("x-amz-copy-source-if-match", source.etag),
        ]
        request.patience = .seconds(600)
        request.group = group
        guard let etag = try await document(request, "CopyPartResult")["ETag"] else {
            throw S3Failure(nonsense: "copied part \(number) has no ETag")
        }
        return UploadedPart(number: number, etag: etag, md5: etag.hexBytes)
    }

    /// Makes an object of parts. The service refuses when one of them is another by now.
    ///
    /// - Parameter mustBeNew: Whether to ask the service to refuse when there is an object of that key already.
    func complete(_ upload: S3Upload, _ parts: [(number: Int, etag: String)], mustBeNew: Bool) async throws(S3Failure) {
        var body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            body += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(part.etag.escapedForXML)</ETag></Part>"
        }
        body += "</CompleteMultipartUpload>"
        var request = S3Request("POST", upload.key, query: [("uploadId", upload.id)])
        request.body = CallBody(Array(body.utf8))
        request.payloadHash = PartDigests(of: request.body).sha256Hex
        // The service may think for minutes, and answers some errors only to the second try.
        request.patience = .seconds(600)
        request.tries = 3
        if mustBeNew { request.fields = [("if-none-match", "*")] }
        do {
            _ = try await document(request, "CompleteMultipartUploadResult")
        } catch  where mustBeNew && error.isNotImplemented {
            request.fields = []
            _ = try await document(request, "CompleteMultipartUploadResult")
        }
    }

    /// Gives an upload up and removes its parts; does nothing when there is none.
    func abort(_ upload: S3Upload) async throws(S3Failure) {
        do {
            _ = try await send(S3Request("DELETE", upload.key, query: [("uploadId", upload.id)]))
        } catch  where error.isAbsence {}
    }
}

/// An object that parts are copied from.
struct S3CopySource: Sendable, Hashable {
    let bucket: String
    let key: String
    let etag: String

    /// As the field `x-amz-copy-source` has it.
    var field: String { "/\(bucket)/\(key.uriEncoded(keepingSlashes: true))" }
}

extension String {
    /// An ETag without its quotes.
    var unquoted: String {
        hasPrefix("\"") && hasSuffix("\"") && utf8.count >= 2 ? String(dropFirst().dropLast()) : self
    }

    /// The bytes of an ETag that is an MD5; nil for any other.
    fileprivate var hexBytes: [UInt8]? {
        let digits = Array(unquoted.utf8)
        guard digits.count == 32 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: 32, by: 2) {
            guard let byte = UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}

public import ImageModel

/// Fetches the list of digests that a job names, and finds the job's file in it.
///
/// It is fetched like an image: through the same source, with the same rules for hosts and addresses.
public struct DigestListReader: Sendable {
    private let signed: [SignedLists]

    /// A reader that wants a signature on the lists below the URLs of `signed`, and on no others.
    public init(signed: [SignedLists] = []) {
        self.signed = signed
    }

    /// What the list at `list` says of the file at `url`.
    ///
    /// - Parameter credential: Sent along where its URLs cover the list.
    /// - Throws: ``SourceError``: `verification_failed` when the list, or its signature, cannot be relied on; the code of
    ///   the fetch when it cannot be had.
    public func digests(
        of url: String, in list: String, credential: FetchCredential?, source: some ImageSource
    ) async throws -> [Digest] {
        guard let file = ListedFile(url: url, list: list) else {
            throw SourceError(.verificationFailed, "\(url) ends with a slash: a list of digests names files")
        }
        func fetch(_ url: String, limit: Int) async throws -> [UInt8] {
            try await source.bytes(FetchRequest(url: url, sizeLimit: Int64(limit), credential: credential))
        }
        var bytes = try await fetch(list, limit: DigestList.byteLimit)
        for lists in signed where lists.cover(list) {
            bytes = try await lists.verified(bytes, at: list) { try await fetch($0, limit: SignedLists.signatureLimit) }
        }
        do throws(DigestList.Problem) {
            return try DigestList(bytes, about: file).digests
        } catch {
            throw SourceError(.verificationFailed, "the list \(list) \(error.predicate)")
        }
    }
}

extension ImageSource {
    /// All bytes of a small object.
    fileprivate func bytes(_ request: FetchRequest) async throws -> [UInt8] {
        try await withSource(request) { source in
            var bytes: [UInt8] = []
            while let chunk = try await source.nextChunk() {
                chunk.withBytes { bytes.append(contentsOf: $0) }
                guard bytes.count <= request.sizeLimit else {
                    throw SourceError(.sizeLimit, "\(request.url) is longer than \(request.sizeLimit) bytes")
                }
            }
            return bytes
        }
    }
}

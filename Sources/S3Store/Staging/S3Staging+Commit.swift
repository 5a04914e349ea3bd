import ImageModel
import ImageStore

extension S3Staging {
    func commit() async throws(StoreError) -> StoredObject {
        let (isSealed, serial) = monitor.change { state in
            // An image that fits one part and of which nothing was stored yet needs no upload in parts.
            let serial = state.hasBegun && state.failure == nil ? state.submitTail(isLast: true).serial : 0
            defer { state.isSealed = true }
            return (state.isSealed, serial)
        }
        if isSealed { throw sealed }
        try await settle(serial)
        return try await store.asking("commit \(name.text)") { () async throws(S3Failure) in
            let state = monitor.change { $0 }
            if let upload = state.upload {
                try await complete(upload, state)
            } else {
                try await putWhole(state.buffer)
            }
            return StoredObject(objectKey: name.path, url: store.place.url(name.path), size: state.end)
        }
    }

    /// An object of the same transfer that is there already stays, if it is as long.
    private func isCommitted(_ size: Int64) async throws(S3Failure) -> Bool {
        guard let facts = try await store.committedFacts(of: name) else { return false }
        guard facts.size == size else {
            throw S3Failure(
                refusal: "the transfer committed \(facts.size) bytes before and \(size) now")
        }
        return true
    }

    private func complete(_ upload: S3Upload, _ state: StagingState) async throws(S3Failure) {
        let size = state.end
        if try await isCommitted(size) { return try await store.client.abort(upload) }
        let parts = state.parts.values.sorted { $0.number < $1.number }
        guard parts.map(\.number).elementsEqual(1...max(1, parts.count)) else {
            throw S3Failure(refusal: "a part of the image is missing")
        }
        do {
            try await store.client.complete(upload, parts.map { ($0.number, $0.etag) }, mustBeNew: kept == nil)
        } catch {
            // The answer may have been lost, and the upload is then unknown to the next try.
            guard try await store.client.head(upload.key)?.writer == writer else {
                if error.isPreconditionFailure, try await isCommitted(size) {
                    return try await store.client.abort(upload)
                }
                throw error
            }
        }
        try await verify(upload.key, size, parts)
    }

    /// Compares the object that the service made with the parts that it was sent.
    private func verify(_ key: String, _ size: Int64, _ parts: [UploadedPart]) async throws(S3Failure) {
        guard let facts = try await store.client.head(key) else { throw S3Failure(nonsense: "the object vanished") }
        guard facts.writer == writer else { throw S3Failure(nonsense: "another writer took its place") }
        let sums = parts.compactMap(\.md5)
        let etag = facts.etag.unquoted.lowercased()
        let isComparable = sums.count == parts.count && etag.hasSuffix("-\(parts.count)")
        guard facts.size == size, !isComparable || etag == PartDigests.etag(ofParts: sums) else {
            try await store.client.delete(key)
            throw S3Failure(nonsense: "the object that the service made differs from the parts that were sent")
        }
    }

    private func putWhole(_ buffer: PartBuffer?) async throws(S3Failure) {
        let count = buffer?.count ?? 0
        try await store.clearStaging(of: name, isResumed: false)
        if try await isCommitted(Int64(count)) { return }
        let body = buffer.map { CallBody($0, count: count) } ?? CallBody([])
        do {
            try await store.client.put(
                store.place.key(name.path), body, mustBeNew: true,
                fields: [("x-amz-meta-\(S3Layout.writerField)", writer)])
        } catch  where error.isPreconditionFailure {
            // It may be the one whose answer was lost.
            guard try await isCommitted(Int64(count)) else { throw error }
        }
    }
}

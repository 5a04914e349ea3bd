import ImageModel
import ImageSource
import ImageStore
import Synchronization

/// An image that lies in a store, as a source for another store.
struct StoredImageSource: ImageSource {
    let image: ImageID
    let content: ImageContent
    let store: any ImageStore
    let objectKey: String

    /// What a reader is told of the bytes. Their digest is the validator: all replicas of an image are the same bytes.
    var facts: SourceFacts {
        SourceFacts(
            url: Self.url(of: image), size: content.size, digests: content.digests,
            etag: content.digests.last.map { "\"\($0)\"" })
    }

    /// How events name the source: where the object lies is for nobody to fetch from.
    static func url(of image: ImageID) -> String { "longshore:images/\(image)" }

    func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result {
        try await store.withObject(objectKey) { object in
            guard object.size == content.size else {
                throw Failure(
                    .digestMismatch,
                    "image \(image) has \(content.size) bytes, its replica in store \(store.name) \(object.size)",
                    stage: .fetching)
            }
            return try await body(
                OpenedObject(facts: facts, offset: request.resume?.offset ?? 0, object: object))
        }
    }
}

/// A stored object that is read from its beginning, or from where an earlier attempt stopped, to its end.
private final class OpenedObject: OpenedSource {
    let facts: SourceFacts
    let offset: Int64
    private let object: any ReadableObject
    private let position: Mutex<Int64>

    init(facts: SourceFacts, offset: Int64, object: any ReadableObject) {
        self.facts = facts
        self.offset = offset
        self.object = object
        position = Mutex(offset)
    }

    func nextChunk() async throws -> ImageChunk? {
        try Task.checkCancellation()
        do throws(StoreError) {
            let chunk = try await object.chunk(at: position.withLock { $0 })
            position.withLock { $0 += Int64(chunk?.count ?? 0) }
            return chunk
        } catch {
            // As a source's: what was read so far stays, and the rest is asked for again.
            throw SourceError(error.code, error.message, isTransient: error.isTransient)
        }
    }
}

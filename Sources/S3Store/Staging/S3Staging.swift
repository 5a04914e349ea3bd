import ImageModel
import ImageStore
import Synchronization

/// The multipart upload of one transfer, while its bytes arrive.
///
/// Parts are filled by the writer and uploaded by a few workers beside it; ``StagingState`` keeps the books. Bytes are copied
/// into the parts' buffers: a part must be in memory as a whole, because it is digested before its head is sent and sent again
/// when that fails, and a source has fewer chunks than a part has bytes.
final class S3Staging: StagedImage {
    let store: S3Store
    let name: S3Layout.Name
    let kept: KeptPrefix?
    let monitor: Monitor<StagingState>
    /// Who writes: objects and uploads of this staging carry it.
    let writer: String
    let group: UInt64
    let workers: Int
    private let readable: Mutex<Readable>

    /// The most parts of an upload.
    static let partLimit = 10_000
    /// Buffers take no more than this, or as much as two parts.
    private static let memoryLimit = 128 << 20

    init(of store: S3Store, _ name: S3Layout.Name, expectedSize: Int64?, keeping kept: KeptPrefix?) {
        self.store = store
        self.name = name
        self.kept = kept
        writer = kept?.writer ?? S3Store.makeWriter()
        group = store.client.makeGroup()
        let partSize = Self.partSize(for: expectedSize, least: store.partSize)
        let buffers = max(2, min(4, Self.memoryLimit / partSize))
        workers = buffers - 1
        monitor = Monitor(StagingState(partSize: partSize, bufferLimit: buffers))
        readable = Mutex(
            Readable(reader: kept.map { RangeReader(of: store, name.path, etag: $0.source.etag, size: $0.bytes) }))
    }

    /// Bytes that came without passing through here.
    private struct Readable: Sendable {
        var reader: RangeReader?
    }

    /// One size for all parts of a transfer, as some services demand it: large enough for an image of known length.
    static func partSize(for expectedSize: Int64?, least: Int64) -> Int {
        let needed = ((expectedSize ?? 0) + Int64(partLimit) - 1) / Int64(partLimit)
        let whole = (needed + (1 << 20) - 1) & ~((1 << 20) - 1)
        return Int(max(least, whole))
    }

    var keptBytes: Int64 { readable.withLock { $0.reader?.size ?? 0 } }

    /// Services keep checksums of what they store. To read everything back would cost as much as to fetch it again.
    var guardsKeptBytes: Bool { true }

    func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        try await readable.withLock { $0.reader }?.chunk(at: offset)
    }

    /// Lets the service copy whole parts of an object. What fills no part passes through here, when it is the last of it, and
    /// must be appended otherwise.
    func clone(_ objectKey: String, of other: any ImageStore, upTo end: Int64) async throws(StoreError) -> Int64 {
        guard kept == nil, let other = other as? S3Store, await store.canClone(from: other) else { return keptBytes }
        let facts = try await other.facts(of: objectKey)
        let source = S3CopySource(bucket: other.place.bucket, key: other.place.key(objectKey), etag: facts.etag)
        let end = min(end, facts.size)
        let (serial, copied) = monitor.change { $0.submitCopies(of: source, upTo: end) }
        do {
            try await settle(serial)
        } catch {
            // Another attempt does without.
            if !error.isTransient { store.client.noteUnableToCopy() }
            throw StoreError(error.code, error.message, isTransient: true)
        }
        var reached = copied
        if facts.size - end < ChunkPool.alignment {
            let rest = RangeReader(of: other, objectKey, etag: facts.etag, size: end)
            while let chunk = try await rest.chunk(at: reached) {
                try await append(chunk)
                reached += Int64(chunk.count)
            }
            try await settle(monitor.change { $0.submitTail(isLast: true).serial })
        }
        guard reached > 0 else { return 0 }
        let reader = RangeReader(of: other, objectKey, etag: facts.etag, size: reached)
        readable.withLock { $0.reader = reader }
        return reached
    }

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        var taken = 0
        while taken < chunk.count {
            let ready = await monitor.wait(isCancellable: true) { state -> Readiness? in
                if let failure = state.failure { return .failed(failure) }
                if state.isSealed { return .sealed }
                if state.filling > Self.partLimit { return .full(state.partSize) }
                return state.makeRoom() ? .room : nil
            }
            switch ready {
            case .room: break
            case .failed(let error): throw error
            case .full(let partSize): throw tooLong(partSize)
            case .sealed: throw sealed
            case nil:
                throw StoreError(
                    .storeUnavailable, "store \(store.name): the transfer was stopped", isTransient: true)
            }
            taken += monitor.change { state in
                chunk.withBytes { state.fill(UnsafeRawBufferPointer(rebasing: $0[taken...])) }
            }
        }
    }

    private enum Readiness: Sendable {
        case room
        case failed(StoreError)
        case full(Int)
        case sealed
    }

    /// Makes what was appended durable and returns how much that is: all of it, unless a part of more than a few checkpoints'
    /// length is being filled, which would be uploaded over and over.
    func synchronize() async throws(StoreError) -> Int64 {
        let (isSealed, tail) = monitor.change { state in
            (state.isSealed, state.failure == nil && !state.isSealed ? state.submitTail(isLast: false) : (0, 0))
        }
        if isSealed { throw sealed }
        try await settle(tail.0)
        return tail.1
    }

    /// Waits for work that was submitted.
    func settle(_ serial: Int) async throws(StoreError) {
        let failure = await monitor.wait { state -> StoreError?? in
            if let failure = state.failure { return .some(failure) }
            return state.isDone(serial) ? .some(nil) : nil
        }
        if let failure = failure ?? nil { throw failure }
    }

    var sealed: StoreError {
        StoreError(
            .internal, "store \(store.name): the staging of \(name.text) is committed or closed", isTransient: false)
    }

    private func tooLong(_ partSize: Int) -> StoreError {
        StoreError(
            .sizeLimit,
            "store \(store.name): an image of unknown length can have \(Self.partLimit) parts of \(ByteCount(Int64(partSize)));"
                + " raise stores.\(store.name).part_size for longer ones", isTransient: false)
    }
}

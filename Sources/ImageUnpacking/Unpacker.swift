import ImageInspection
public import ImageModel
import ImageSource

/// Unpacks images while they are fetched: gzip, xz, zstd, bzip2 and lz4, and the one disk in a tar, zip or OVA.
///
/// Nothing is written anywhere: packed chunks go in, chunks of the disk come out, and a wrapper that is broken or exceeds
/// a limit ends it. Each running unpack has a thread of its own.
public struct Unpacker: Sendable {
    private let limits: UnpackLimits
    private let chunkSize: Int

    /// An unpacker with its limits.
    ///
    /// - Parameter chunkSize: Bytes in each chunk of the disk but the last; a multiple of ``ImageModel/ChunkPool/alignment``.
    public init(limits: UnpackLimits = UnpackLimits(), chunkSize: Int = 1 << 20) {
        self.limits = limits
        self.chunkSize = chunkSize
    }

    /// Whether a stream that begins with `first` has something to unpack.
    public static func unpacks(_ first: ImageChunk) -> Bool {
        first.withBytes { Packing(startingWith: Array($0.prefix(Packing.headLength))) != nil }
    }

    /// Unpacks what `next` brings and lends the result to `body`.
    ///
    /// `next` is called from within ``Unpacking/nextChunk()`` until it returns nil; a stream that is unpacked to its end
    /// was read to its end. The thread has ended when this returns or throws.
    ///
    /// - Parameter announced: The number of bytes that `next` will bring, if anybody told it.
    /// - Throws: ``UnpackError`` with `internal` when the system gives no thread; whatever `body` throws.
    public func withUnpacking<Result>(
        announced: Int64?, _ next: @escaping () async throws -> ImageChunk?,
        _ body: (Unpacking) async throws -> Result
    ) async throws -> Result {
        let desk = UnpackingDesk(chunkSize: chunkSize, chunkLimit: 8)
        let limits = limits
        guard DetachedThread.start({ UnpackingThread.run(desk, limits, announced: announced) }) else {
            throw UnpackError(.internal, "the system gives no thread to unpack on")
        }
        do {
            let result = try await body(Unpacking(desk, next))
            desk.abandon()
            await desk.ended()
            return result
        } catch {
            desk.abandon()
            await desk.ended()
            throw error
        }
    }
}

/// An unpacking under way.
///
/// Not `Sendable`: it belongs to the task that takes the bytes, and that also fetches what is to be unpacked.
public final class Unpacking {
    private let desk: UnpackingDesk
    private let next: () async throws -> ImageChunk?

    init(_ desk: UnpackingDesk, _ next: @escaping () async throws -> ImageChunk?) {
        self.desk = desk
        self.next = next
    }

    /// What was found out about the wrapper so far; complete after the last chunk.
    public var facts: UnpackedFacts { desk.facts }

    /// The next bytes of the disk; nil after the last. Every chunk but the last is full.
    ///
    /// - Throws: ``UnpackError``; what fetching throws; `CancellationError`.
    public func nextChunk() async throws -> ImageChunk? {
        while true {
            switch try await desk.turn() {
            case .output(let chunk): return chunk
            case .inputWanted: desk.give(try await next())
            case .end: return nil
            }
        }
    }
}

/// What a wrapper says.
public struct UnpackedFacts: Sendable, Hashable {
    /// The wrapper, the innermost layer first: `gzip`, `tar+gzip`, `ova`.
    public var wrapper: String?

    /// What the descriptor of an OVA says.
    public var ovf: OVFDescription?

    /// Nothing is known.
    public init() {}
}

/// What the descriptor of an OVA says of its disk and of what runs on it.
public struct OVFDescription: Sendable, Hashable {
    /// The guest's operating system, as far as the descriptor tells it in known words.
    public var os: OperatingSystem
    /// The size of the disk that a guest will see, in bytes; nil when it is not told.
    public var capacity: Int64?

    /// A description from its parts.
    public init(os: OperatingSystem, capacity: Int64?) {
        self.os = os
        self.capacity = capacity
    }
}

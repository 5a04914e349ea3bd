import ImageInspection
import ImageModel
import ImageSource
import ImageUnpacking

/// What a source serves, on its way to the pass: as it is, or unpacked.
///
/// Every byte that is served is counted, and compared with what was expected, here.
///
/// Not `Sendable`: it belongs to the task that moves the bytes.
final class ServedImage: PassedBytes {
    private let source: ContinuedSource
    private let plan: ImportPlan
    /// What was fetched in order to see what it is.
    private var first: ImageChunk?
    private var unpacking: Unpacking?
    /// The digests of what is served; nil when they are those of what is stored.
    private var digests: ImageDigests?
    /// How many bytes were served, those of earlier attempts included.
    private(set) var count: Int64

    private init(_ source: ContinuedSource, _ plan: ImportPlan) {
        self.source = source
        self.plan = plan
        count = source.offset
    }

    /// Lends `body` the bytes of the disk, whatever they are packed in; as they are served when the plan says so, and
    /// behind the first byte.
    static func withServedImage<Result>(
        of source: ContinuedSource, _ plan: ImportPlan, _ body: (ServedImage) async throws -> Result
    ) async throws -> Result {
        let image = ServedImage(source, plan)
        guard plan.unpacks, source.offset == 0, let first = try await source.nextChunk() else {
            return try await body(image)
        }
        image.first = first
        guard Unpacker.unpacks(first) else { return try await body(image) }
        return try await ImageDigests.withDigests(Set(plan.algorithms)) { digests in
            image.digests = digests
            return try await plan.unpacker.withUnpacking(
                announced: source.facts.size, { try await image.nextServed() }
            ) { unpacking in
                image.unpacking = unpacking
                return try await body(image)
            }
        }
    }

    /// Whether what is stored is not what is served. An import that is interrupted then begins again.
    var isUnpacked: Bool { unpacking != nil }

    /// What is known of the bytes as served.
    var facts: SourceFacts {
        var facts = source.facts
        facts.wrapper = unpacking?.facts.wrapper
        return facts
    }

    /// The operating system, as a descriptor tells it.
    var os: OperatingSystem? { unpacking?.facts.ovf?.os }

    /// What a descriptor tells otherwise than the disk itself. Exporters round sizes, so it is only worth a warning.
    func contradictions(to virtualSize: Int64) -> [Finding] {
        guard let capacity = unpacking?.facts.ovf?.capacity, capacity != virtualSize else { return [] }
        return [
            Finding(
                rule: .contradiction, severity: .warning, offset: nil,
                message: "the OVF descriptor tells a disk of \(capacity) bytes, the disk itself one of \(virtualSize)")
        ]
    }

    /// The next bytes of the disk; nil after the last. Every chunk but the last is full.
    func nextChunk() async throws -> ImageChunk? {
        guard let unpacking else { return try await nextServed() }
        return try await unpacking.nextChunk()
    }

    /// What was served, once all of it was, compared with everything that was expected of it.
    ///
    /// - Parameter stored: The digests of what is stored.
    func finish(_ stored: [Digest]) async throws -> SourceFacts {
        var facts = facts
        facts.size = count
        facts.digests = try await digests?.finish() ?? stored
        try plan.verify(size: count, digests: facts.digests)
        return facts
    }

    private func nextServed() async throws -> ImageChunk? {
        let taken = first.take()
        guard let chunk = if let taken { taken } else { try await source.nextChunk() } else { return nil }
        count += Int64(chunk.count)
        try plan.verifySoFar(count)
        try await digests?.update(chunk)
        return chunk
    }
}

import ImageInspection
import ImageModel
import ImageSource

/// The bytes that go through a ``BytePass``, wherever they come from.
///
/// Not `Sendable`: they belong to the task that moves them.
protocol PassedBytes {
    /// What is known of where they come from.
    var facts: SourceFacts { get }
    /// How many bytes of it have come, those of earlier attempts included: what progress counts.
    var count: Int64 { get }
    /// The operating system, where something beside the disk tells it.
    var os: OperatingSystem? { get }

    /// What something beside the disk tells otherwise than the disk itself.
    func contradictions(to virtualSize: Int64) -> [Finding]

    /// The next bytes; nil after the last. Every chunk but the last is full.
    func nextChunk() async throws -> ImageChunk?

    /// What came, once all of it did, compared with everything that was expected of it.
    ///
    /// - Parameter stored: The digests of what went through the pass.
    func finish(_ stored: [Digest]) async throws -> SourceFacts
}

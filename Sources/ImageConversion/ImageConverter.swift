public import ImageModel
public import ImageStore

/// Converts images from one format to another, in scratch space of its own.
///
/// It never chooses what happens next: it is only shown what the inspector has passed, told the format of that, and told
/// what to make of it.
public protocol ImageConverter: Sendable {
    /// The name under which the catalog keeps account of the scratch space; equal for all workers that share it.
    var scratch: StoreName { get }

    /// Bytes that are free in the scratch space; nil when it has no bounds.
    func freeBytes() async throws(StoreError) -> Int64?

    /// Makes sure that there is something to convert with, before anything is fetched.
    ///
    /// - Throws: ``ConversionError`` that names what is missing.
    func requireReady() async throws(ConversionError)

    /// Makes a workspace for one import, lends it to `body`, and removes it with all it holds however `body` ends.
    ///
    /// What a process leaves that dies meanwhile is removed by whoever comes next.
    ///
    /// - Throws: ``StoreError`` about the scratch space; what `body` throws.
    func withWorkspace<Result: Sendable>(
        _ body: (any ConversionWorkspace) async throws -> Result
    ) async throws -> Result
}

/// A place for one image before and after its conversion.
public protocol ConversionWorkspace: Sendable {
    /// Where the bytes to convert go. Nothing of it becomes an object.
    var original: any StagedImage { get }

    /// Converts the original, all of whose bytes are there by now, and lends the steps of that to `body`.
    ///
    /// Returns once the result is whole. When `body` throws or the task is cancelled, the conversion ends at once.
    ///
    /// - Throws: ``ConversionError``; what `body` throws; `CancellationError`.
    func withConversion(
        _ conversion: Conversion, _ body: (ConversionSteps) async throws -> Void
    ) async throws

    /// Lends the bytes of a file, from the first to the last.
    ///
    /// - Throws: ``StoreError`` about the scratch space; what `body` throws.
    func withBytes<Result: Sendable>(
        of file: ConversionFile, _ body: (any ConversionBytes) async throws -> Result
    ) async throws -> Result
}

/// A file of a workspace.
public enum ConversionFile: Sendable, Hashable {
    /// What came.
    case original
    /// What was made of it.
    case result
}

/// The bytes of a file of a workspace, read once.
public protocol ConversionBytes: Sendable {
    /// Their number.
    var size: Int64 { get }

    /// The next bytes in order; nil after the last one. Every chunk but the last is full.
    func nextChunk() async throws(StoreError) -> ImageChunk?
}

/// How far a conversion is, now and then; at most a few times a second.
public typealias ConversionSteps = AsyncThrowingStream<ConversionProgress, any Error>

/// How far a conversion is.
public struct ConversionProgress: Sendable, Hashable {
    /// The part that is done, from 0 to 1; never falls.
    public var fraction: Double
    /// Bytes that the result takes of the scratch space by now.
    public var resultBytes: Int64

    /// Progress from its parts.
    public init(fraction: Double, resultBytes: Int64) {
        self.fraction = fraction
        self.resultBytes = resultBytes
    }
}

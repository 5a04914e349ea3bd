import ImageConversion
import ImageModel
import ImageStore
import Synchronization

/// A converter that says how much scratch space is free, notes what it is asked for, and lets things happen.
final class WatchedConverter: ImageConverter {
    private let base: any ImageConverter
    private let free: Mutex<Int64?>
    private let noted = Mutex<[Conversion]>([])
    private let beforeConversion: @Sendable () async throws -> Void

    init(
        _ base: any ImageConverter, freeBytes: Int64? = nil,
        beforeConversion: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.base = base
        free = Mutex(freeBytes)
        self.beforeConversion = beforeConversion
    }

    /// Every conversion that was asked for.
    var conversions: [Conversion] { noted.withLock { $0 } }

    func setFreeBytes(_ bytes: Int64) { free.withLock { $0 = bytes } }

    var scratch: StoreName { base.scratch }
    func freeBytes() async throws(StoreError) -> Int64? { free.withLock { $0 } }
    func requireReady() async throws(ConversionError) { try await base.requireReady() }

    func withWorkspace<Result: Sendable>(
        _ body: (any ConversionWorkspace) async throws -> Result
    ) async throws -> Result {
        try await base.withWorkspace { workspace in try await body(Workspace(base: workspace, converter: self)) }
    }

    private struct Workspace: ConversionWorkspace {
        let base: any ConversionWorkspace
        let converter: WatchedConverter

        var original: any StagedImage { base.original }

        func withConversion(
            _ conversion: Conversion, _ body: (ConversionSteps) async throws -> Void
        ) async throws {
            converter.noted.withLock { $0.append(conversion) }
            try await converter.beforeConversion()
            try await base.withConversion(conversion, body)
        }

        func withBytes<Result: Sendable>(
            of file: ConversionFile, _ body: (any ConversionBytes) async throws -> Result
        ) async throws -> Result {
            try await base.withBytes(of: file, body)
        }
    }
}

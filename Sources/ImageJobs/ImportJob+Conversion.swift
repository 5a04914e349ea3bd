import Catalog
import ImageConversion
import ImageInspection
import ImageModel
import ImageSource
import ImageStore
import ImageUnpacking

/// Imports whose bytes are stored in another format: what comes goes to scratch space instead of the stores, and what is
/// made of it is digested and inspected like anything that comes from a stranger.
///
/// A crash leaves nothing to go on from: there are no checkpoints, and the next attempt fetches and converts again.
extension ImportJob {
    /// Fetches the whole object, converts it, and stores what came of that.
    func convert(
        from fetch: ContinuedFetch, to target: ImageFormat, _ plan: ImportPlan, isRefetch: Bool
    ) async throws {
        guard let converter = environment.converter else {
            throw Failure(.internal, "there is nothing to convert with", stage: .planning)
        }
        try await converter.requireReady()
        try await converter.withWorkspace { workspace in
            let spaces = ConversionSpaces(
                Destinations(plan, job: claimed.job.id, logger: environment.logger))
            let came = try await fetch.withSource { source in
                try verifyHeaders(source.facts, plan)
                try await spaces.reserve(
                    for: source.facts.size ?? plan.expectations.size, claimed.lease, converter, plan, environment)
                return try await receive(source, into: workspace, plan, spaces.scratch, isRefetch: isRefetch)
            }
            let format = came.content.format
            var phase = ProgressPhase.fetching.next(.converting, after: came.source.size ?? 0, size: 0)
            if format != target {
                phase = try await convert(came, to: target, in: workspace, spaces.scratch)
            }
            try await workspace.withBytes(of: format == target ? .original : .result) { bytes in
                try await store(bytes, of: came, plan.storing(target), spaces, after: phase)
            }
        }
    }

    /// Fetches, digests, inspects and verifies what is to be converted.
    private func receive(
        _ source: ContinuedSource, into workspace: any ConversionWorkspace, _ plan: ImportPlan,
        _ space: ReservedSpace?, isRefetch: Bool
    ) async throws -> TransferResult {
        guard let space else { throw Failure(.internal, "no scratch space was promised", stage: .planning) }
        return try await BytesSeen.withBytesSeen(by: plan.algorithms, expecting: plan.image) { seen in
            do {
                return try await ServedImage.withServedImage(of: source, plan) { image in
                    if image.isUnpacked { space.expectGrowth(to: environment.limits.unpacking.bytes) }
                    return try await BytePass(
                        source: image, staged: [workspace.original], plan: plan, claimed: claimed,
                        environment: environment, control: control, seen: seen, space: space, checkpoints: nil,
                        isLast: false
                    ).run()
                }
            } catch {
                throw isRefetch ? error : doubt(error, source)
            }
        }
    }

    /// Converts what the inspector has passed; returns the phase of that.
    private func convert(
        _ came: TransferResult, to target: ImageFormat, in workspace: any ConversionWorkspace, _ space: ReservedSpace?
    ) async throws -> ProgressPhase {
        let content = came.content
        guard content.format != .iso else {
            throw ConversionError(
                .conversionFailed, "an ISO image is no disk that could be made \(target.rawValue)")
        }
        if let opaque = content.findings.first(where: { $0.rule == .opaqueFormat }) {
            throw ConversionError(.conversionFailed, opaque.message)
        }
        let limits = ConversionLimits(
            size: content.size, virtualSize: content.virtualSize, largest: environment.limits.unpacking.bytes)
        guard target != .raw || content.virtualSize <= environment.limits.unpacking.bytes else {
            throw ConversionError(
                .sizeLimit,
                "as raw the image would have \(content.virtualSize) bytes; limits.unpacked_bytes is "
                    + "\(environment.limits.unpacking.bytes)")
        }
        let phase = ProgressPhase.fetching.next(
            .converting, after: came.source.size ?? 0, size: content.virtualSize)
        var meter = ProgressMeter(
            claimed: claimed, environment: environment, source: came.source, bytes: 0, in: phase)
        try await space?.noteWritten(content.size)
        let conversion = Conversion(from: content.format, to: target, limits: limits)
        try await workspace.withConversion(conversion) { steps in
            for try await step in steps {
                try await space?.cover(content.size + step.resultBytes)
                try await meter.note(Int64(step.fraction * Double(content.virtualSize)))
            }
        }
        return phase
    }

    /// Brings the bytes of scratch space to the stores, and makes an image of them.
    private func store(
        _ bytes: any ConversionBytes, of came: TransferResult, _ plan: ImportPlan, _ spaces: ConversionSpaces,
        after phase: ProgressPhase
    ) async throws {
        guard let space = spaces.stores else {
            throw Failure(.internal, "no space of stores was promised", stage: .planning)
        }
        let limit = environment.limits.unpacking.bytes
        guard bytes.size <= limit else {
            throw ConversionError(
                .sizeLimit, "converted, the image has \(bytes.size) bytes; limits.unpacked_bytes is \(limit)")
        }
        space.expectGrowth(to: limit)
        try await space.cover(bytes.size)
        let staging = Staging(
            places: spaces.places, keptBytes: 0, expectedSize: bytes.size, catalog: environment.catalog,
            destinations: spaces.destinations)
        try await staging.withStagedImages { staged in
            var result = try await BytesSeen.withBytesSeen(by: plan.algorithms, expecting: plan.image) { seen in
                try await BytePass(
                    source: ConvertedBytes(bytes, of: came.source), staged: staged, plan: plan, claimed: claimed,
                    environment: environment, control: control, seen: seen, space: space, checkpoints: nil,
                    phase: phase.next(.storing, after: phase.size ?? 0, size: bytes.size)
                ).run()
            }
            guard result.content.virtualSize >= came.content.virtualSize else {
                throw ConversionError(
                    .conversionFailed,
                    "the disk had \(came.content.virtualSize) bytes and has \(result.content.virtualSize) converted")
            }
            let known = Set(result.content.findings.map(\.rule))
            result.content.findings += came.content.findings.filter { !known.contains($0.rule) }
            result.source = came.source
            result.os = came.os
            try await commit(result, staged)
        }
    }
}

/// What an import that converts was promised. Not `Sendable`: it belongs to the task of the attempt.
private final class ConversionSpaces {
    private(set) var scratch: ReservedSpace?
    private(set) var stores: ReservedSpace?
    private(set) var places: [Destination] = []
    let destinations: Destinations

    init(_ destinations: Destinations) {
        self.destinations = destinations
    }

    /// Asks for all of it before a byte is fetched: scratch space for what comes and for as much again, and space of the
    /// stores for as much as comes. More is asked for when the result turns out to be larger.
    func reserve(
        for size: Int64?, _ lease: JobLease, _ converter: any ImageConverter, _ plan: ImportPlan,
        _ environment: JobEnvironment
    ) async throws {
        let scratch = ReservedSpace(lease, of: size.map { 2 * $0 }, environment: environment)
        try await scratch.beginScratch(of: converter)
        self.scratch = scratch
        let stores = ReservedSpace(lease, of: size, for: destinations, environment: environment)
        places = try await stores.beginTransfers(to: plan.stores, destinations)
        self.stores = stores
    }
}

/// The bytes of scratch space. What was expected of the source was compared when it came.
private final class ConvertedBytes: PassedBytes {
    let facts: SourceFacts
    private(set) var count: Int64 = 0
    var os: OperatingSystem? { nil }
    private let bytes: any ConversionBytes

    init(_ bytes: any ConversionBytes, of source: SourceFacts) {
        self.bytes = bytes
        facts = source
    }

    func contradictions(to virtualSize: Int64) -> [Finding] { [] }

    func nextChunk() async throws -> ImageChunk? {
        try Task.checkCancellation()
        let chunk = try await bytes.nextChunk()
        count += Int64(chunk?.count ?? 0)
        return chunk
    }

    func finish(_ stored: [Digest]) async throws -> SourceFacts { facts }
}

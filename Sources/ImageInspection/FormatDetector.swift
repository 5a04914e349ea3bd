public import ImageModel

/// Finds out the container format of an image while its bytes go by.
///
/// It is shown every chunk in order and comes to the same verdict however the stream was cut. It keeps less than
/// 128 KiB, whatever the image says. Every format is looked for to the end, so that an image that is valid under two
/// of them is noticed.
public struct FormatDetector: Sendable {
    private var probes: [Probe]
    /// The number of bytes shown or passed over.
    public private(set) var position: Int64 = 0
    private var tail: [UInt8] = []

    /// As much of the end as a footer needs.
    private static let tailLength = 512

    private struct Probe: Sendable {
        var probe: any FormatProbe
        /// What has gone by of the stretch that the probe wants.
        var captured: [UInt8] = []
    }

    /// A detector that has seen nothing.
    public init() {
        let probes: [any FormatProbe] = [
            QCOW2Probe(), VMDKProbe(), VHDProbe(), VHDXProbe(), VDIProbe(), ISOProbe(),
        ]
        self.probes = probes.map { Probe(probe: $0) }
    }

    /// Looks at the next chunk.
    ///
    /// - Throws: ``InspectionError``, as soon as the bytes allow it: `format_unknown` when a header begins like a
    ///   format and does not go on like it, `image_unsafe` when a rule of ``SafetyRule`` is broken.
    public mutating func update(_ chunk: ImageChunk) throws(InspectionError) {
        var failure: InspectionError?
        chunk.withBytes { bytes in
            do throws(InspectionError) { try update(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) throws(InspectionError) {
        var rest = bytes
        // In steps that end where a wanted stretch does: what a probe wants next may begin right behind it.
        while !rest.isEmpty {
            let length = probes.reduce(rest.count) { length, probe in
                guard let wanted = probe.probe.wanted, wanted.upperBound > position else { return length }
                return min(length, Int(clamping: wanted.upperBound - position))
            }
            let step = UnsafeRawBufferPointer(rebasing: rest[..<length])
            for index in probes.indices { try show(step, to: index) }
            keepTail(step)
            position += Int64(length)
            rest = UnsafeRawBufferPointer(rebasing: rest[length...])
        }
    }

    /// The next byte that must be shown for the verdict on a stream that goes on behind `end`; `end` when none is.
    public func nextNeeded(before end: Int64) -> Int64 {
        let wanted = probes.compactMap { $0.probe.wanted?.lowerBound }.min() ?? end
        return min(end, max(position, min(wanted, end - Int64(Self.tailLength))))
    }

    /// Passes over the bytes before `offset` without looking at them.
    ///
    /// - Parameter offset: No more than ``nextNeeded(before:)`` said.
    public mutating func skip(to offset: Int64) {
        guard offset > position else { return }
        position = offset
        tail = []
    }

    /// The report on all bytes shown; comes last.
    ///
    /// - Throws: ``InspectionError`` as ``update(_:)`` does, for what only the end can show.
    public mutating func finish() throws(InspectionError) -> ImageReport {
        var verdicts: [FormatVerdict] = []
        for index in probes.indices {
            if probes[index].probe.wanted != nil {
                try probes[index].probe.show(HeaderBytes(bytes: probes[index].captured))
            }
            let verdict = try probes[index].probe.verdict(size: position, tail: HeaderBytes(bytes: tail))
            if let verdict { verdicts.append(verdict) }
        }
        guard verdicts.count <= 1 else {
            let formats = verdicts.map(\.format.rawValue).joined(separator: " and ")
            throw InspectionError(.ambiguousFormat, "the bytes are valid as \(formats)")
        }
        let verdict = verdicts.first ?? FormatVerdict(format: .raw, virtualSize: position)
        return ImageReport(format: verdict.format, virtualSize: verdict.virtualSize, size: position)
    }

    /// Shows one probe what of `step`, which begins at the current position, it wants.
    private mutating func show(_ step: UnsafeRawBufferPointer, to index: Int) throws(InspectionError) {
        let end = position + Int64(step.count)
        guard let wanted = probes[index].probe.wanted, wanted.lowerBound < end else { return }
        let from = Int(max(0, wanted.lowerBound - position))
        let upTo = Int(min(Int64(step.count), wanted.upperBound - position))
        probes[index].captured.append(contentsOf: UnsafeRawBufferPointer(rebasing: step[from..<upTo]))
        guard wanted.upperBound <= end else { return }
        let captured = HeaderBytes(bytes: probes[index].captured)
        probes[index].captured = []
        try probes[index].probe.show(captured)
    }

    private mutating func keepTail(_ step: UnsafeRawBufferPointer) {
        if step.count >= Self.tailLength {
            tail = Array(step.suffix(Self.tailLength))
        } else {
            tail.append(contentsOf: step)
            if tail.count > Self.tailLength { tail.removeFirst(tail.count - Self.tailLength) }
        }
    }
}

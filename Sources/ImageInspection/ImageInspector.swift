public import ImageModel

/// Finds out what an image is, and whether it is safe, while its bytes go by.
///
/// It is shown every byte in order and comes to the same verdict however the stream was cut. Every format is looked
/// for to the end, so that an image that is valid under two of them is noticed. It keeps less than 512 KiB, for vmdk
/// less than 1.5 MiB, whatever the image says, and looks only at what a header refers to: the rest costs nothing.
public struct ImageInspector: Sendable {
    private var readers: [RunningReader]
    private var head: [UInt8] = []
    private var tail = RollingTail(capacity: SeenBytes.tailLength)
    private let expectations: ImageExpectations
    /// The number of bytes shown or passed over.
    public private(set) var position: Int64 = 0
    private var hasEnded = false
    /// Where a reader can go on, or a limit is passed: the stream is taken in steps that end there.
    private var nextStop: Int64 = 0
    /// The first byte that a reader waits for.
    private var nextWanted: Int64 = 0

    /// An inspector that has seen nothing.
    public init(expectations: ImageExpectations = ImageExpectations()) {
        self.init(readers: KnownFormats.readers, expectations: expectations)
    }

    init(readers: [any FormatReader], expectations: ImageExpectations) {
        self.readers = readers.map(RunningReader.init)
        self.expectations = expectations
        for index in self.readers.indices { self.readers[index].run(head: [], tail: nil, position: 0) }
        findNextStop()
    }

    /// Looks at the next chunk.
    ///
    /// - Throws: ``InspectionError`` as soon as the bytes break a rule, or an expectation, that refuses the image.
    ///   Nothing may be shown after that.
    public mutating func update(_ chunk: ImageChunk) throws(InspectionError) {
        var failure: InspectionError?
        chunk.withBytes { bytes in
            do throws(InspectionError) { try update(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) throws(InspectionError) {
        var rest = bytes
        while !rest.isEmpty {
            if takeStep(&rest), let refusal { throw refusal }
        }
    }

    /// Looks at the next bytes and goes on whatever they are, for a report that is complete.
    public mutating func look(at bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty { _ = takeStep(&rest) }
    }

    /// The verdict on all bytes shown; comes last.
    ///
    /// - Throws: ``InspectionError`` as ``update(_:)`` does, for what only the end can show.
    public mutating func finish() throws(InspectionError) -> ImageReport {
        let report = report()
        if let refusal = InspectionError(refusing: report.findings) { throw refusal }
        return report
    }

    /// The report on all bytes shown, refused or not; comes last.
    public mutating func report() -> ImageReport {
        if !hasEnded {
            hasEnded = true
            let bytes = tail.bytes
            let last = HeaderBytes(bytes: bytes, start: position - Int64(bytes.count))
            for index in readers.indices where readers[index].wait != .nothing {
                readers[index].run(head: head, tail: last, position: position)
            }
        }
        return judgement.report
    }

    /// The next byte that must be shown for the verdict on a stream that goes on behind `end`; `end` when none is.
    public func nextNeeded(before end: Int64) -> Int64 {
        guard position >= SeenBytes.headLength else { return min(end, position) }
        return min(end, max(position, min(nextWanted, end - Int64(SeenBytes.tailLength))))
    }

    /// Passes over the bytes before `offset` without looking at them.
    ///
    /// - Parameter offset: No more than ``nextNeeded(before:)`` said.
    public mutating func skip(to offset: Int64) {
        guard offset > position else { return }
        position = offset
        tail.removeAll()
        findNextStop()
    }

    /// How many bytes of the image it holds.
    var heldBytes: Int { readers.reduce(head.count + tail.count) { $0 + $1.heldBytes } }

    private var refusal: InspectionError? { InspectionError(refusing: judgement.report.findings) }

    private var judgement: Judgement {
        Judgement(readers: readers, position: position, hasEnded: hasEnded, expectations: expectations)
    }

    /// Takes bytes until the next stop and returns whether it was reached.
    private mutating func takeStep(_ rest: inout UnsafeRawBufferPointer) -> Bool {
        let length = Int(min(Int64(rest.count), nextStop - position))
        let step = UnsafeRawBufferPointer(rebasing: rest[..<length])
        rest = UnsafeRawBufferPointer(rebasing: rest[length...])
        if head.count < SeenBytes.headLength, position == head.count {
            head.append(contentsOf: step.prefix(SeenBytes.headLength - head.count))
        }
        if position + Int64(length) > nextWanted {
            for index in readers.indices { readers[index].capture(step, at: position) }
        }
        tail.append(step)
        position += Int64(length)
        guard position == nextStop else { return false }
        for index in readers.indices where readers[index].awaited?.upperBound == position {
            readers[index].run(head: head, tail: nil, position: position)
        }
        findNextStop()
        return true
    }

    private mutating func findNextStop() {
        let awaited = readers.compactMap(\.awaited)
        let stops = awaited.map(\.upperBound) + Judgement.limits(expectations)
        nextStop = stops.filter { $0 > position }.min() ?? .max
        nextWanted = awaited.map(\.lowerBound).min() ?? .max
    }
}

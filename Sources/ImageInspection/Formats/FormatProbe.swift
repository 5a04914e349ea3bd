import ImageModel

/// A look at the stream for one container format, a stretch of bytes at a time.
///
/// A probe says which stretch it wants to see, is shown it when it has gone by, and may then want another one further
/// on. So it never depends on how the stream was cut into chunks, and holds no more than one stretch in memory.
protocol FormatProbe: Sendable {
    /// The stretch wanted next, which begins behind the one shown last; nil when the probe has seen enough.
    var wanted: Range<Int64>? { get }

    /// Shows the wanted stretch; it is shorter when the stream ended in it, and empty when it ended before it.
    ///
    /// - Throws: ``InspectionError`` when the image claims this probe's format and breaks its rules.
    mutating func show(_ bytes: HeaderBytes) throws(InspectionError)

    /// What the whole stream is for this probe; nil when it is not of this probe's format.
    ///
    /// - Parameters:
    ///   - size: The length of the stream.
    ///   - tail: Its last bytes, at most 512.
    func verdict(size: Int64, tail: HeaderBytes) throws(InspectionError) -> FormatVerdict?
}

/// A format that the stream was found to have.
struct FormatVerdict: Sendable {
    var format: ImageFormat
    var virtualSize: Int64
}

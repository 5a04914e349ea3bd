/// Reads one container format, or a few that share their first bytes.
///
/// A reader is a pure function of the bytes that have gone by. It reads wherever its format says; where the bytes are
/// still to come, reading throws ``Halt/needs(_:)``, and the reader is run again from its beginning when they are there.
/// So it is written as if the whole image lay before it, never depends on how the stream was cut, and has no state that
/// would have to survive a crash.
///
/// What it asks for must come in ascending order, because the stream cannot be turned back; only what it has asked for
/// before, the first 64 KiB and the last 4 KiB can be read at any time.
protocol FormatReader: Sendable {
    /// The formats that it can find.
    var formats: [DetectedFormat] { get }

    /// The most bytes it may hold beyond the shared ones.
    var budget: Int { get }

    /// Notes what the bytes show. Nothing counts until a format is claimed, apart from the boot layout.
    ///
    /// - Throws: ``Halt`` when it cannot go on. What was noted until then stands.
    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt)
}

extension FormatReader {
    var budget: Int { 16 << 10 }
}

/// Why a reader stopped.
enum Halt: Error, Equatable {
    /// These bytes are still to come.
    case needs(Range<Int64>)
    /// The end is still to come.
    case needsEnd
    /// The format's own rules are broken there, so that nothing more can be read.
    case damaged(at: Int64, String)
}

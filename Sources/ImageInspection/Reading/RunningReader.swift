import ImageModel

/// A reader on its way through a stream.
struct RunningReader: Sendable {
    let reader: any FormatReader
    /// What it has noted so far.
    private(set) var sheet = FormatSheet()
    private(set) var wait = Wait.bytes(0..<1)
    private var regions: [HeaderBytes] = []
    /// What of the awaited bytes has gone by.
    private var pending: [UInt8] = []

    /// What a reader waits for.
    enum Wait: Sendable, Equatable {
        case bytes(Range<Int64>)
        case end
        case nothing
    }

    init(_ reader: any FormatReader) {
        self.reader = reader
    }

    /// The bytes it waits for.
    var awaited: Range<Int64>? {
        if case .bytes(let range) = wait { range } else { nil }
    }

    /// Whether it may still turn out to be of a format.
    func mayBecome(_ format: DetectedFormat) -> Bool {
        reader.formats.contains(format) && (sheet.format == format || (sheet.format == nil && wait != .nothing))
    }

    /// How many bytes it holds.
    var heldBytes: Int { regions.reduce(pending.count) { $0 + $1.count } }

    /// Keeps what of the stream's next bytes, which begin at `position`, it waits for.
    mutating func capture(_ bytes: UnsafeRawBufferPointer, at position: Int64) {
        guard let awaited, awaited.lowerBound < position + Int64(bytes.count) else { return }
        let from = Int(max(0, awaited.lowerBound - position))
        let upTo = Int(min(Int64(bytes.count), awaited.upperBound - position))
        pending.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[from..<upTo]))
    }

    /// Runs it over what has gone by until `position`.
    mutating func run(head: [UInt8], tail: HeaderBytes?, position: Int64) {
        if let awaited {
            if awaited.upperBound > SeenBytes.headLength {
                regions.append(HeaderBytes(bytes: pending, start: awaited.lowerBound))
            }
            pending = []
        }
        let image = SeenBytes(head: head, regions: regions, tail: tail, position: position)
        var sheet = FormatSheet()
        do throws(Halt) {
            try reader.read(image, &sheet)
            wait = .nothing
        } catch {
            wait = .nothing
            switch error {
            case .needs(let range): waitFor(range, &sheet, head: head, position: position)
            case .needsEnd: wait = .end
            case .damaged(let offset, let message):
                if sheet.format != nil { sheet.note(.malformed, at: offset, message) }
            }
        }
        self.sheet = sheet
        if wait == .nothing { regions = [] }
    }

    private mutating func waitFor(
        _ range: Range<Int64>, _ sheet: inout FormatSheet, head: [UInt8], position: Int64
    ) {
        guard heldBytes + range.count <= reader.budget || range.upperBound <= SeenBytes.headLength else {
            if sheet.format != nil { sheet.note(.absurdSize, at: range.lowerBound, "its header goes on for too long") }
            return
        }
        wait = .bytes(range)
        // What stands in the head already will not come again.
        if range.lowerBound < position { pending = Array(head[Int(range.lowerBound)...]) }
    }
}

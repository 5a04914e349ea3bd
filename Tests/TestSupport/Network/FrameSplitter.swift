/// Splits a stream of bytes into the frames of AMQP 0-9-1 (section 4.2.3), or leaves it as it comes.
struct FrameSplitter {
    /// What passes as one.
    struct Piece {
        var bytes: [UInt8]
        /// 1 method, 2 header, 3 body, 8 heartbeat; nil for what is no frame.
        var type: UInt8?
        /// Class and method of a method frame.
        var method: MethodID?
    }

    /// `AMQP` and the version, before the client's first frame.
    private static let preambleLength = 8
    /// Larger frames than anybody here agrees on: what claims to be one is passed as it is.
    private static let frameLimit = 1 << 20

    private var buffer: [UInt8] = []
    private var expectsPreamble: Bool
    private var isSplitting: Bool

    init(framed: Bool, _ direction: Direction) {
        isSplitting = framed
        expectsPreamble = direction == .toServer
    }

    /// The pieces that are complete by now.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [Piece] {
        guard isSplitting else { return [Piece(bytes: Array(bytes))] }
        buffer += bytes
        var pieces: [Piece] = []
        while let piece = next() { pieces.append(piece) }
        return pieces
    }

    /// What is left of a frame whose sender has gone.
    mutating func rest() -> Piece? {
        defer { buffer = [] }
        return buffer.isEmpty ? nil : Piece(bytes: buffer)
    }

    private mutating func next() -> Piece? {
        if expectsPreamble {
            guard let preamble = cut(Self.preambleLength) else { return nil }
            expectsPreamble = false
            return Piece(bytes: preamble)
        }
        guard buffer.count >= 7 else { return nil }
        let length = buffer[3..<7].reduce(0) { $0 << 8 | Int($1) } + 8
        guard length <= Self.frameLimit else {
            isSplitting = false
            return rest()
        }
        guard let frame = cut(length) else { return nil }
        let header = frame[7...]
        let method =
            frame[0] == 1 && header.count > 4
            ? MethodID(UInt16(frame[7]) << 8 | UInt16(frame[8]), UInt16(frame[9]) << 8 | UInt16(frame[10])) : nil
        return Piece(bytes: frame, type: frame[0], method: method)
    }

    private mutating func cut(_ length: Int) -> [UInt8]? {
        guard buffer.count >= length else { return nil }
        defer { buffer.removeFirst(length) }
        return Array(buffer[..<length])
    }
}

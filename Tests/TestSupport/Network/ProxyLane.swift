import Glibc

/// One direction of one connection through a ``Proxy``.
struct ProxyLane {
    /// What became of an attempt to move bytes.
    enum Outcome {
        case open
        /// The source is gone in disorder, or a trap asks for it.
        case reset
        /// The destination takes nothing any more.
        case refused
    }

    let direction: Direction
    let source: Int32
    let destination: Int32
    var flow = LinkCondition.Flow()
    /// Bytes that were let through, and those that were written.
    private(set) var admitted = 0
    private(set) var hasEnded = false

    private struct Chunk {
        var bytes: ArraySlice<UInt8>
        let due: ContinuousClock.Instant
    }

    private static let readSize = 16 << 10
    /// Bytes on their way; the rest waits with the sender.
    private static let roomLimit = 256 << 10

    private var splitter: FrameSplitter
    private var chunks: [Chunk] = []
    private var queued = 0
    private var pieces: UInt64 = 0
    private var sourceHasEnded = false
    private var resetsWhenEmpty = false
    private var destinationIsGone = false
    /// Bytes that may be written now on a narrow link.
    private var allowance = 0.0
    private var lastRefill = ContinuousClock.now

    init(_ direction: Direction, from source: Int32, to destination: Int32, framed: Bool) {
        self.direction = direction
        self.source = source
        self.destination = destination
        splitter = FrameSplitter(framed: framed, direction)
    }

    var wantsToRead: Bool {
        !flow.isSilent && !sourceHasEnded && !resetsWhenEmpty && queued < Self.roomLimit
    }

    /// When there is something to write; nil when there is not.
    func nextWrite(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard !flow.isSilent, let first = chunks.first else { return nil }
        guard let rate = flow.bytesPerSecond, allowance < 1 else { return first.due }
        return max(first.due, now + .seconds((1 - allowance) / Double(max(1, rate))))
    }

    /// Takes in what the source has sent, through `traps`.
    mutating func read(now: ContinuousClock.Instant, traps: inout [Trap], sprung: inout Int) -> Outcome {
        guard wantsToRead else { return .open }
        var buffer = [UInt8](repeating: 0, count: Self.readSize)
        let count = recv(source, &buffer, buffer.count, 0)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? .open : .reset }
        if count == 0 {
            sourceHasEnded = true
            if let rest = splitter.rest() { admit(rest.bytes[...], now) }
            return .open
        }
        for piece in splitter.take(buffer[..<count]) {
            admit(piece, &traps, &sprung, now)
            if resetsWhenEmpty { break }
        }
        return .open
    }

    private mutating func admit(
        _ piece: FrameSplitter.Piece, _ traps: inout [Trap], _ sprung: inout Int, _ now: ContinuousClock.Instant
    ) {
        for index in traps.indices where traps[index].times > 0 && traps[index].direction == direction {
            guard let limit = traps[index].limit(of: piece, after: admitted) else { continue }
            traps[index].times -= 1
            sprung += 1
            switch traps[index].effect {
            case .drop: break
            case .reset:
                admit(piece.bytes.prefix(max(0, limit)), now)
                resetsWhenEmpty = true
            case .rewriteEnd(let value):
                let end = piece.bytes.count - 1
                admit(piece.bytes[..<(end - 2)] + [UInt8(value >> 8), UInt8(value & 0xFF), piece.bytes[end]], now)
            }
            return
        }
        admit(piece.bytes[...], now)
    }

    private mutating func admit(_ bytes: ArraySlice<UInt8>, _ now: ContinuousClock.Instant) {
        admitted += bytes.count
        guard !bytes.isEmpty, !destinationIsGone else { return }
        let due = now + flow.latency + flow.jitter * nextFraction()
        chunks.append(Chunk(bytes: bytes, due: max(due, chunks.last?.due ?? due)))
        queued += bytes.count
    }

    /// A number from 0 to 1 that only the seed, the direction and the traffic so far decide.
    private mutating func nextFraction() -> Double {
        pieces += 1
        var word = flow.seed &+ UInt64(direction.rawValue) &+ pieces &* 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((word ^ (word >> 31)) >> 11) / Double(1 << 53 as UInt64)
    }

    /// Hands on what is due.
    mutating func write(now: ContinuousClock.Instant) -> Outcome {
        refill(now)
        guard !flow.isSilent, !hasEnded else { return .open }
        while let first = chunks.first, first.due <= now {
            var size = min(first.bytes.count, flow.pieceSize ?? .max)
            if flow.bytesPerSecond != nil { size = min(size, Int(allowance)) }
            guard size > 0 else { return .open }
            let count = first.bytes.prefix(size).withUnsafeBytes {
                send(destination, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                return errno == EAGAIN || errno == EINTR ? .open : .refused
            }
            allowance -= Double(count)
            consume(count)
            if flow.pieceSize != nil { break }
        }
        guard chunks.isEmpty else { return .open }
        if resetsWhenEmpty { return .reset }
        if sourceHasEnded {
            shutdown(destination, Int32(SHUT_WR))
            hasEnded = true
        }
        return .open
    }

    /// The destination is gone and its host cannot say so: what comes is lost.
    mutating func abandonDestination() {
        destinationIsGone = true
        chunks = []
        queued = 0
    }

    private mutating func consume(_ count: Int) {
        queued -= count
        if chunks[0].bytes.count == count {
            chunks.removeFirst()
        } else {
            chunks[0].bytes.removeFirst(count)
        }
    }

    private mutating func refill(_ now: ContinuousClock.Instant) {
        defer { lastRefill = now }
        guard let rate = flow.bytesPerSecond else { return }
        let earned = (lastRefill.duration(to: now) / .seconds(1)) * Double(rate)
        // No more than a second's worth is saved up.
        allowance = min(max(allowance, 0) + earned, Double(max(1, rate)))
    }
}

/// Something a ``Proxy`` does when something passes: at the n-th byte, or at a frame of AMQP.
public struct Trap: Sendable {
    /// What springs the trap.
    enum Trigger: Sendable, Hashable {
        /// So many bytes have passed on a connection.
        case bytes(Int)
        /// A frame with this method, of which so many bytes are let through.
        case method(MethodID, keeping: Int)
        /// A body frame, of which so many bytes are let through.
        case body(keeping: Int)
    }

    /// What the trap does.
    enum Effect: Sendable, Hashable {
        /// The connection is reset, both ways.
        case reset
        /// The frame is left out.
        case drop
        /// The last two bytes of the frame's payload are replaced.
        case rewriteEnd(UInt16)
    }

    var direction: Direction
    var trigger: Trigger
    var effect: Effect
    /// How often it may still spring.
    var times: Int

    /// Resets a connection after so many bytes in one direction.
    public static func cut(after bytes: Int, _ direction: Direction, times: Int = 1) -> Trap {
        Trap(direction: direction, trigger: .bytes(bytes), effect: .reset, times: times)
    }

    /// Resets a connection in the middle of a method's frame.
    ///
    /// - Parameter keeping: Bytes of the frame that get through.
    public static func cut(at method: MethodID, keeping: Int, _ direction: Direction, times: Int = 1) -> Trap {
        Trap(direction: direction, trigger: .method(method, keeping: keeping), effect: .reset, times: times)
    }

    /// Resets a connection in the middle of a message's body.
    ///
    /// - Parameter keeping: Bytes of the frame that get through, its header of seven included.
    public static func cutBody(keeping: Int, _ direction: Direction, times: Int = 1) -> Trap {
        Trap(direction: direction, trigger: .body(keeping: keeping), effect: .reset, times: times)
    }

    /// Leaves the frames of a method out.
    public static func drop(_ method: MethodID, _ direction: Direction, times: Int = .max) -> Trap {
        Trap(direction: direction, trigger: .method(method, keeping: 0), effect: .drop, times: times)
    }

    /// Makes the broker propose a shorter heartbeat than its own (`connection.tune`, whose last field it is), to which both
    /// sides then keep.
    public static func heartbeat(seconds: UInt16) -> Trap {
        Trap(
            direction: .toClient, trigger: .method(MethodID(10, 30), keeping: 0), effect: .rewriteEnd(seconds),
            times: .max)
    }

    /// How many of a piece's bytes pass before the trap springs; nil when it does not.
    func limit(of piece: FrameSplitter.Piece, after passed: Int) -> Int? {
        switch trigger {
        case .bytes(let limit): passed + piece.bytes.count >= limit ? limit - passed : nil
        case .method(let method, let keeping): piece.method == method ? min(keeping, piece.bytes.count) : nil
        case .body(let keeping): piece.type == 3 ? min(keeping, piece.bytes.count) : nil
        }
    }
}

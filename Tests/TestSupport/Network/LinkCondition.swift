/// Which way bytes go through a ``Proxy``.
public enum Direction: Int, Sendable, Hashable, CaseIterable {
    /// From whoever connected to the server behind the proxy.
    case toServer
    /// Back.
    case toClient

    /// The other way.
    var opposite: Direction { self == .toServer ? .toClient : .toServer }
}

/// How a ``Proxy`` treats all connections, those that stand and those to come.
public struct LinkCondition: Sendable, Hashable {
    /// What one direction does to what passes.
    public struct Flow: Sendable, Hashable {
        /// Nothing gets through, not even the end of the connection. What was on its way goes on afterwards, as packets
        /// that are sent again do.
        public var isSilent = false
        /// The bandwidth; nil when there is no limit.
        public var bytesPerSecond: Int?
        /// How long each byte is on its way.
        public var latency: Duration = .zero
        /// How much longer at most; none overtakes those before it.
        public var jitter: Duration = .zero
        /// What the dice of ``jitter`` begin with.
        public var seed: UInt64 = 0
        /// No write is larger; nil when there is no limit.
        public var pieceSize: Int?

        /// Passes everything at once.
        public init() {}
    }

    /// Towards the server.
    public var toServer = Flow()
    /// Back.
    public var toClient = Flow()
    /// New connections are refused, as by a port where nobody listens.
    public var isRefusing = false

    /// Passes everything at once.
    public static let clear = LinkCondition()

    /// The server's port is closed; connections that stand are not touched.
    public static let refusing = clear.with { $0.isRefusing = true }

    /// Nothing gets through, either way.
    public static let blackhole = both { $0.isSilent = true }

    /// Half open: what goes this way is lost, the other way is well.
    public static func silent(_ direction: Direction) -> Self {
        clear.with { condition in condition[direction].isSilent = true }
    }

    /// A narrow link.
    public static func slow(bytesPerSecond: Int) -> Self { both { $0.bytesPerSecond = bytesPerSecond } }

    /// A long link: each way takes so long.
    public static func distant(_ latency: Duration) -> Self { both { $0.latency = latency } }

    /// A link over which each piece takes another time, up to this; the same ones for the same seed and traffic.
    public static func jittery(upTo longest: Duration, seed: UInt64) -> Self {
        both { flow in
            flow.jitter = longest
            flow.seed = seed
        }
    }

    /// Everything arrives byte by byte.
    public static let sliced = both { $0.pieceSize = 1 }

    subscript(direction: Direction) -> Flow {
        get { direction == .toServer ? toServer : toClient }
        set {
            switch direction {
            case .toServer: toServer = newValue
            case .toClient: toClient = newValue
            }
        }
    }

    private static func both(_ change: (inout Flow) -> Void) -> Self {
        clear.with { condition in
            change(&condition.toServer)
            change(&condition.toClient)
        }
    }

    private func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

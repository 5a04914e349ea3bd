import Glibc

/// A faulty network between a program and a server on loopback: real sockets, a port of the kernel's choice, one thread.
///
/// ```swift
/// let proxy = try Proxy(to: 5672, framed: true)
/// … connect to 127.0.0.1:proxy.port …
/// proxy.set(.silent(.toClient))                                // for all connections, at once
/// proxy.arm(.cut(at: .publish, keeping: 9, .toServer))         // once, wherever it happens first
/// await proxy.traffic.wait { $0.sprung == 1 }
/// proxy.set(.clear)
/// ```
///
/// Everything ends when the proxy is released: connections are reset, the thread is joined.
public final class Proxy: Sendable {
    /// What has happened so far.
    public struct Traffic: Sendable, Hashable {
        /// Connections that were accepted.
        public internal(set) var accepted = 0
        /// Connections that stand.
        public internal(set) var open = 0
        /// Bytes that were let through to the server.
        public internal(set) var bytesToServer = 0
        /// Bytes that were let through to the client.
        public internal(set) var bytesToClient = 0
        /// How often traps have sprung.
        public internal(set) var sprung = 0
        /// How many orders have been carried out: ``Proxy/set(_:)``, ``Proxy/reset()`` and the like.
        public internal(set) var orders = 0
    }

    /// Where to connect, at 127.0.0.1.
    public let port: UInt16
    /// What has happened so far; tests wait for it.
    public let traffic = Watched(Traffic())

    private let orders: ProxyOrders
    private let thread: pthread_t

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - server: The server's port at 127.0.0.1.
    ///   - framed: Whether AMQP 0-9-1 is spoken; only then are there traps for frames.
    public init(to server: UInt16, framed: Bool) throws {
        let listener = try ProxyListener()
        port = listener.port
        orders = try ProxyOrders()
        let loop = ProxyLoop(
            listener: listener, server: server, framed: framed, orders: orders, traffic: traffic)
        thread = startThread { loop.run() }
    }

    deinit {
        _ = orders.give { $0.stops = true }
        pthread_join(thread, nil)
    }

    /// Treats all connections so from now on, those that stand and those to come. Returns when it is in effect.
    public func set(_ condition: LinkCondition) async {
        await order { $0.condition = condition }
    }

    /// Sets traps; those set before stay.
    public func arm(_ traps: Trap...) async {
        await order { $0.armed += traps }
    }

    /// Takes all traps away.
    public func disarm() async {
        await order { $0.disarms = true }
    }

    /// Resets all connections that stand.
    public func reset() async {
        await order { $0.resets = true }
    }

    private func order(_ change: (inout ProxyOrders.List) -> Void) async {
        let number = orders.give(change)
        await traffic.wait { $0.orders >= number }
    }
}

import Glibc

/// What the thread of a ``Proxy`` does.
// Invariant: whoever makes a loop hands it to one thread, and only `run` on that thread uses it.
final class ProxyLoop: @unchecked Sendable {
    private let listener: ProxyListener
    private let server: UInt16
    private let framed: Bool
    private let orders: ProxyOrders
    private let traffic: Watched<Proxy.Traffic>
    private var condition = LinkCondition.clear
    private var traps: [Trap] = []
    private var links: [ProxyLink] = []

    /// More connections at once than any test has; further ones wait in the kernel.
    private static let linkLimit = 200

    init(
        listener: ProxyListener, server: UInt16, framed: Bool, orders: ProxyOrders, traffic: Watched<Proxy.Traffic>
    ) {
        self.listener = listener
        self.server = server
        self.framed = framed
        self.orders = orders
        self.traffic = traffic
    }

    /// Works until it is told to stop.
    func run() {
        while true {
            let current = orders.take()
            if current.stops { break }
            follow(current)
            wait()
            acceptConnections()
            moveBytes()
        }
        for link in links { link.end(withReset: true) }
    }

    private func follow(_ orders: ProxyOrders.List) {
        if orders.condition.isRefusing != condition.isRefusing {
            if orders.condition.isRefusing {
                listener.refuse()
            } else {
                // The port is kept, so there is no reason to fail but a lack of descriptors; then it stays closed.
                try? listener.open()
            }
        }
        condition = orders.condition
        for link in links { link.set(condition) }
        if orders.disarms { traps = [] }
        traps = traps.filter { $0.times > 0 } + orders.armed
        if orders.resets { for link in links { link.end(withReset: true) } }
        removeEnded()
        guard orders.count != traffic.value.orders else { return }
        traffic.change { $0.orders = orders.count }
    }

    private func wait() {
        let now = ContinuousClock.now
        let hasRoom = links.count < Self.linkLimit
        var entries = [
            pollfd(fd: orders.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: hasRoom ? listener.descriptor : -1, events: Int16(POLLIN), revents: 0),
        ]
        entries += links.flatMap { $0.pollEntries(now: now) }
        let later = links.compactMap { $0.nextWrite(now: now) }.filter { $0 > now }.min()
        let pause = later.map { (now.duration(to: $0) / .milliseconds(1)).rounded(.up) } ?? 60_000
        poll(&entries, nfds_t(entries.count), Int32(min(max(pause, 0), 60_000)))
        if entries[0].revents != 0 { orders.clearSignal() }
    }

    private func acceptConnections() {
        while links.count < Self.linkLimit {
            let client = accept(listener.descriptor, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            traffic.change { $0.accepted += 1 }
            guard let server = connectToServer() else {
                close(client)
                continue
            }
            let link = ProxyLink(client: client, server: server, framed: framed)
            link.set(condition)
            links.append(link)
            traffic.change { $0.open += 1 }
        }
    }

    private func connectToServer() -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = loopback(server)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            return nil
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    private func moveBytes() {
        var news = Proxy.Traffic()
        for link in links {
            let (moved, sprung) = link.advance(now: .now, traps: &traps)
            news.bytesToServer += moved[.toServer, default: 0]
            news.bytesToClient += moved[.toClient, default: 0]
            news.sprung += sprung
        }
        removeEnded()
        guard news != Proxy.Traffic() else { return }
        traffic.change { traffic in
            traffic.bytesToServer += news.bytesToServer
            traffic.bytesToClient += news.bytesToClient
            traffic.sprung += news.sprung
        }
    }

    private func removeEnded() {
        let before = links.count
        links.removeAll(where: \.isOver)
        guard links.count < before else { return }
        traffic.change { $0.open = self.links.count }
    }
}

import Glibc

/// One connection through a ``Proxy``: a socket on each side and a lane each way.
final class ProxyLink {
    private let client: Int32
    private let server: Int32
    private var lanes: [ProxyLane]
    private(set) var isOver = false

    init(client: Int32, server: Int32, framed: Bool) {
        self.client = client
        self.server = server
        lanes = [
            ProxyLane(.toServer, from: client, to: server, framed: framed),
            ProxyLane(.toClient, from: server, to: client, framed: framed),
        ]
        for descriptor in [client, server] {
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    func set(_ condition: LinkCondition) {
        for index in lanes.indices { lanes[index].flow = condition[lanes[index].direction] }
    }

    /// What each side's socket is polled for: nothing when its number is negative, so that its end is not heard.
    func pollEntries(now: ContinuousClock.Instant) -> [pollfd] {
        let mayWrite = lanes.map { lane in lane.nextWrite(now: now).map { $0 <= now } ?? false }
        return [
            entry(client, reads: lanes[0].wantsToRead, writes: mayWrite[1]),
            entry(server, reads: lanes[1].wantsToRead, writes: mayWrite[0]),
        ]
    }

    private func entry(_ descriptor: Int32, reads: Bool, writes: Bool) -> pollfd {
        let events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0)
        return pollfd(fd: events == 0 ? -1 : descriptor, events: Int16(events), revents: 0)
    }

    /// When something must be done even if nothing arrives.
    func nextWrite(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        lanes.compactMap { $0.nextWrite(now: now) }.min()
    }

    /// Moves what can be moved, and tells how many bytes went each way and how many traps sprang.
    func advance(now: ContinuousClock.Instant, traps: inout [Trap]) -> (moved: [Direction: Int], sprung: Int) {
        var moved: [Direction: Int] = [:]
        var sprung = 0
        for index in lanes.indices where !isOver {
            let before = lanes[index].admitted
            var outcome = lanes[index].read(now: now, traps: &traps, sprung: &sprung)
            if case .open = outcome { outcome = lanes[index].write(now: now) }
            moved[lanes[index].direction] = lanes[index].admitted - before
            switch outcome {
            case .open: break
            case .reset: end(withReset: true)
            case .refused: refused(index)
            }
        }
        if !isOver, lanes.allSatisfy(\.hasEnded) { end(withReset: false) }
        return (moved, sprung)
    }

    /// A destination is gone. The source hears of it only when the way back is open.
    private func refused(_ index: Int) {
        if lanes[1 - index].flow.isSilent {
            lanes[index].abandonDestination()
        } else {
            end(withReset: true)
        }
    }

    /// Closes both sockets, in order or with a reset (socket(7), SO_LINGER).
    func end(withReset: Bool) {
        guard !isOver else { return }
        isOver = true
        for descriptor in [client, server] {
            if withReset {
                var option = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            }
            close(descriptor)
        }
    }
}

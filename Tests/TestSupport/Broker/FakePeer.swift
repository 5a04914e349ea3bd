import Glibc

/// One connection of a `FakeBroker`, seen from the broker's side. Every call blocks.
public final class FakePeer {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    // MARK: Bytes

    /// Writes bytes as they are.
    public func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw FakeBrokerError(message: "the client does not read") }
            sent += count
        }
    }

    /// Reads exactly `count` bytes.
    public func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var chunk = [UInt8](repeating: 0, count: count - bytes.count)
            let got = recv(descriptor, &chunk, chunk.count, 0)
            guard got > 0 else { throw FakeBrokerError(message: "the client is gone or silent") }
            bytes += chunk[..<got]
        }
        return bytes
    }

    /// Waits, reading nothing, until the client has closed its side or reset the connection.
    public func waitWithoutReading() {
        // POLLRDHUP, which the C module does not show.
        var event = pollfd(fd: descriptor, events: Int16(0x2000), revents: 0)
        poll(&event, 1, 120_000)
    }

    /// Sends a reset instead of an orderly end, now.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    // MARK: Frames

    /// Reads the next frame.
    public func readFrame() throws -> WireFrame {
        let head = try read(7)
        let size = head[3...6].reduce(0) { $0 << 8 | Int($1) }
        let payload = try read(size + 1)
        return WireFrame(
            type: head[0], channel: UInt16(head[1]) << 8 | UInt16(head[2]), payload: Array(payload.dropLast())
        )
    }

    /// Reads frames until one carries `method`, and returns that.
    @discardableResult
    public func await(_ method: MethodID) throws -> WireFrame {
        while true {
            let frame = try readFrame()
            if frame.method == method { return frame }
        }
    }

    /// Sends a method with its arguments.
    public func send(_ method: MethodID, on channel: UInt16, _ arguments: WireBytes = WireBytes()) throws {
        try send(Self.frame(method, on: channel, arguments).encoded)
    }

    /// A method frame.
    public static func frame(
        _ method: MethodID, on channel: UInt16, _ arguments: WireBytes = WireBytes()
    ) -> WireFrame {
        let payload = WireBytes().number(method.classID).number(method.methodID).raw(arguments.bytes).bytes
        return WireFrame(type: 1, channel: channel, payload: payload)
    }

    /// The `basic.deliver` frame.
    public static func deliver(tag: UInt64, on channel: UInt16) -> WireFrame {
        frame(
            .deliver, on: channel, WireBytes().short("1").number(tag).octet(0).short("exchange").short("key")
        )
    }

    /// A content header without properties; `headers` is an encoded table, if any.
    public static func header(bodySize: UInt64, headers: [UInt8]? = nil, on channel: UInt16) -> WireFrame {
        var payload = WireBytes().number(UInt16(60)).number(UInt16(0)).number(bodySize)
        payload = payload.number(UInt16(headers == nil ? 0 : 1 << 13)).raw(headers ?? [])
        return WireFrame(type: 2, channel: channel, payload: payload.bytes)
    }

    /// A body frame.
    public static func body(_ bytes: [UInt8], on channel: UInt16) -> WireFrame {
        WireFrame(type: 3, channel: channel, payload: bytes)
    }

    /// A heartbeat frame.
    public static var heartbeat: WireFrame { WireFrame(type: 8, channel: 0, payload: []) }

    // MARK: Conversations

    /// Lets the client log in.
    public func handshake(heartbeat: UInt16 = 0, frameMax: UInt32 = 131_072) throws {
        guard try read(8) == [0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1] else {
            throw FakeBrokerError(message: "the client does not speak AMQP 0-9-1")
        }
        let mechanisms = WireBytes().octet(0).octet(9).emptyTable().long(Array("PLAIN".utf8))
        try send(MethodID(10, 10), on: 0, mechanisms.long(Array("en_US".utf8)))
        try self.await(MethodID(10, 11))
        try send(MethodID(10, 30), on: 0, WireBytes().number(UInt16(2_047)).number(frameMax).number(heartbeat))
        try self.await(MethodID(10, 31))
        try self.await(MethodID(10, 40))
        try send(MethodID(10, 41), on: 0, WireBytes().short(""))
    }

    /// Opens the channel the client asks for.
    ///
    /// - Returns: Its number.
    @discardableResult
    public func openChannel() throws -> UInt16 {
        let channel = try self.await(.channelOpen).channel
        try send(.channelOpenOK, on: channel, WireBytes().long([]))
        return channel
    }

    /// Opens a channel and turns confirms on.
    ///
    /// - Returns: Its number.
    @discardableResult
    public func openPublishingChannel() throws -> UInt16 {
        let channel = try openChannel()
        try self.await(.confirmSelect)
        try send(.confirmSelectOK, on: channel)
        return channel
    }

    /// Opens a channel and starts a consumer.
    ///
    /// - Returns: Its number.
    @discardableResult
    public func openConsumingChannel() throws -> UInt16 {
        let channel = try openChannel()
        try self.await(.qos)
        try send(.qosOK, on: channel)
        try self.await(.consume)
        try send(.consumeOK, on: channel, WireBytes().short("1"))
        return channel
    }

    /// Answers the client's goodbye, and discards all before it.
    public func sayGoodbye() throws {
        try self.await(.connectionClose)
        try send(.connectionCloseOK, on: 0)
    }
}

/// Blocks the thread of a script for a moment, so that the client sees what was sent so far by itself.
public func pause(milliseconds: UInt32) {
    usleep(milliseconds * 1_000)
}

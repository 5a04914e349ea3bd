/// Builds the payload of an AMQP 0-9-1 frame field by field.
public struct WireBytes: Sendable {
    /// What was written.
    public private(set) var bytes: [UInt8] = []

    /// An empty payload.
    public init() {}

    /// Bytes as they are.
    public func raw(_ more: [UInt8]) -> WireBytes {
        var copy = self
        copy.bytes += more
        return copy
    }

    /// An octet.
    public func octet(_ value: UInt8) -> WireBytes { raw([value]) }

    /// A number in network order.
    public func number(_ value: some FixedWidthInteger) -> WireBytes {
        raw(withUnsafeBytes(of: value.bigEndian) { Array($0) })
    }

    /// A string of at most 255 bytes.
    public func short(_ text: String) -> WireBytes { octet(UInt8(text.utf8.count)).raw(Array(text.utf8)) }

    /// A string with a four-byte length.
    public func long(_ content: [UInt8]) -> WireBytes { number(UInt32(content.count)).raw(content) }

    /// An empty table.
    public func emptyTable() -> WireBytes { number(UInt32(0)) }
}

/// A frame as it is on the wire.
public struct WireFrame: Sendable {
    /// 1 method, 2 header, 3 body, 8 heartbeat.
    public let type: UInt8
    /// The channel.
    public let channel: UInt16
    /// All between the frame's header and its end octet.
    public let payload: [UInt8]

    /// Makes a frame.
    public init(type: UInt8, channel: UInt16, payload: [UInt8]) {
        self.type = type
        self.channel = channel
        self.payload = payload
    }

    /// Class and method id of a method frame; nil for other frames.
    public var method: MethodID? {
        guard type == 1, payload.count >= 4 else { return nil }
        return MethodID(
            UInt16(payload[0]) << 8 | UInt16(payload[1]), UInt16(payload[2]) << 8 | UInt16(payload[3])
        )
    }

    /// The frame's bytes.
    public var encoded: [UInt8] {
        WireBytes().octet(type).number(channel).long(payload).octet(0xCE).bytes
    }
}

/// Class and method number of AMQP 0-9-1.
public struct MethodID: Sendable, Hashable {
    /// The class.
    public let classID: UInt16
    /// The method.
    public let methodID: UInt16

    /// Makes an id.
    public init(_ classID: UInt16, _ methodID: UInt16) {
        self.classID = classID
        self.methodID = methodID
    }

    /// `connection.close`
    public static let connectionClose = MethodID(10, 50)
    /// `connection.close-ok`
    public static let connectionCloseOK = MethodID(10, 51)
    /// `channel.open`
    public static let channelOpen = MethodID(20, 10)
    /// `channel.open-ok`
    public static let channelOpenOK = MethodID(20, 11)
    /// `channel.close`
    public static let channelClose = MethodID(20, 40)
    /// `channel.close-ok`
    public static let channelCloseOK = MethodID(20, 41)
    /// `basic.qos`
    public static let qos = MethodID(60, 10)
    /// `basic.qos-ok`
    public static let qosOK = MethodID(60, 11)
    /// `basic.consume`
    public static let consume = MethodID(60, 20)
    /// `basic.consume-ok`
    public static let consumeOK = MethodID(60, 21)
    /// `basic.cancel`
    public static let cancel = MethodID(60, 30)
    /// `basic.publish`
    public static let publish = MethodID(60, 40)
    /// `basic.deliver`
    public static let deliver = MethodID(60, 60)
    /// `basic.ack`
    public static let ack = MethodID(60, 80)
    /// `confirm.select`
    public static let confirmSelect = MethodID(85, 10)
    /// `confirm.select-ok`
    public static let confirmSelectOK = MethodID(85, 11)
}

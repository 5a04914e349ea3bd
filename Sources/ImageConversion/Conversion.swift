public import ImageModel

/// What to make of what, and what it may cost.
public struct Conversion: Sendable, Hashable {
    /// The format that the inspector found. Nothing is ever guessed from the bytes again.
    public var source: ImageFormat
    /// The format to make.
    public var target: ImageFormat
    /// What must not be exceeded.
    public var limits: ConversionLimits

    /// A conversion from its parts.
    public init(from source: ImageFormat, to target: ImageFormat, limits: ConversionLimits) {
        self.source = source
        self.target = target
        self.limits = limits
    }
}

/// What a conversion must not exceed; the system ends one that does.
public struct ConversionLimits: Sendable, Hashable {
    /// Time on processors, in seconds.
    public var cpuSeconds: Int64
    /// Time on the clock.
    public var wallTime: Duration
    /// Address space, in bytes.
    public var memoryBytes: Int64
    /// Length of the result, in bytes.
    public var resultBytes: Int64

    /// Limits from their parts.
    public init(cpuSeconds: Int64, wallTime: Duration, memoryBytes: Int64 = 2 << 30, resultBytes: Int64) {
        self.cpuSeconds = cpuSeconds
        self.wallTime = wallTime
        self.memoryBytes = memoryBytes
        self.resultBytes = resultBytes
    }

    /// Limits for an image of `size` bytes that describes a disk of `virtualSize` bytes: far more than any conversion of
    /// it takes, and an end for one that never would.
    ///
    /// - Parameter largest: The largest image that may be stored.
    public init(size: Int64, virtualSize: Int64, largest: Int64) {
        // Tables and block sizes add to the disk: an eighth is more than any format adds, and a small disk still
        // fills whole blocks.
        let result = min(largest, virtualSize + virtualSize / 8 + (256 << 20))
        let work = size + result
        self.init(
            cpuSeconds: 60 + work / Self.cpuRate, wallTime: .seconds(600 + work / Self.wallRate), resultBytes: result)
    }

    /// Bytes a second that even a slow processor converts, compressed ones too.
    private static let cpuRate: Int64 = 8 << 20
    /// Bytes a second that even a disk with many users moves.
    private static let wallRate: Int64 = 2 << 20
}

/// Why a conversion did not happen. Equality is on the code alone.
public struct ConversionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `conversion_failed`, `size_limit` or `capacity_exceeded`.
    public let code: FailureCode
    /// One sentence.
    public let message: String
    /// Whether the same conversion may succeed later.
    public let isTransient: Bool

    /// An error from its parts.
    public init(_ code: FailureCode, _ message: String, isTransient: Bool = false) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
    }

    /// The code and the sentence.
    public var description: String { "\(code.rawValue): \(message)" }

    /// Compares the codes.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}

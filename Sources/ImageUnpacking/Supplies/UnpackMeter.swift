import Glibc

/// Counts what one unpacking takes and gives, and ends it at its limits.
final class UnpackMeter {
    private let limits: UnpackLimits
    /// What the source said that it will serve.
    private let announced: Int64
    private let deadline: Duration
    private let desk: UnpackingDesk
    /// The bytes that were taken.
    private var served: Int64 = 0

    init(_ limits: UnpackLimits, announced: Int64?, _ desk: UnpackingDesk) {
        self.limits = limits
        self.announced = announced ?? 0
        self.desk = desk
        deadline = Self.now() + limits.time
    }

    func take(_ count: Int) throws(Halt) {
        served += Int64(count)
        try checkTime()
    }

    /// Judges the number of bytes that came out of one layer so far.
    func check(output: Int64) throws(Halt) {
        guard output <= limits.bytes else {
            throw .limit("the source unpacks to more than \(limits.bytes) bytes (limits.unpacked_bytes)")
        }
        // By what is announced, since a disk often begins with zeros and goes on with something that packs worse.
        let basis = max(served, announced)
        if output > UnpackLimits.freeBytes, output / Int64(limits.ratio) > basis {
            throw .limit(
                "\(basis) bytes unpack to more than \(output), which exceeds the ratio of \(limits.ratio) "
                    + "(limits.unpack_ratio)")
        }
        try checkTime()
        // Holes of a sparse member ask for no input.
        try desk.checkWanted()
    }

    private func checkTime() throws(Halt) {
        guard Self.now() <= deadline else { throw .limit("unpacking took longer than \(limits.time)") }
    }

    private static func now() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

/// A layer whose output is counted.
final class MeteredBytes: ByteSupply {
    private let upstream: any ByteSupply
    private let meter: UnpackMeter
    private var count: Int64 = 0

    init(_ upstream: any ByteSupply, _ meter: UnpackMeter) {
        self.upstream = upstream
        self.meter = meter
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        let length = try upstream.read(into: buffer)
        count += Int64(length)
        try meter.check(output: count)
        return length
    }
}

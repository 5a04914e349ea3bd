import ImageModel

/// The work of the thread: from the first packed byte to the last of the disk.
enum UnpackingThread {
    static func run(_ desk: UnpackingDesk, _ limits: UnpackLimits, announced: Int64?) {
        desk.end(result(desk, limits, announced: announced))
    }

    private static func result(
        _ desk: UnpackingDesk, _ limits: UnpackLimits, announced: Int64?
    ) -> Result<Void, UnpackError> {
        do throws(Halt) {
            let meter = UnpackMeter(limits, announced: announced, desk)
            try deliver(try disk(in: ServedBytes(desk, meter), meter, desk), to: desk)
            return .success(())
        } catch {
            switch error {
            case .refused(let error): return .failure(error)
            case .abandoned: return .failure(UnpackError(.internal, "unpacking was given up"))
            }
        }
    }

    /// Opens one layer after the other: a compression, an archive, or an archive in a compression.
    private static func disk(
        in served: ServedBytes, _ meter: UnpackMeter, _ desk: UnpackingDesk
    ) throws(Halt) -> any ByteSupply {
        let packed = PeekedBytes(served)
        let packing = Packing(startingWith: try packed.peek(Packing.headLength))
        switch packing {
        case .compression(let compression):
            desk.tell { $0.wrapper = compression.rawValue }
            let unpacked = PeekedBytes(MeteredBytes(try compression.open(packed), meter))
            guard Packing(startingWith: try unpacked.peek(Packing.headLength)) == .archive(.tar) else {
                // Another wrapper in this one is left for inspection to refuse.
                return unpacked
            }
            return MeteredBytes(try ArchivedDisk(.tar, in: unpacked, inside: compression, meter, desk), meter)
        case .archive(let format):
            return MeteredBytes(try ArchivedDisk(format, in: packed, inside: nil, meter, desk), meter)
        case nil:
            throw .failed("the source is packed in nothing that is known")
        }
    }

    private static func deliver(_ disk: any ByteSupply, to desk: UnpackingDesk) throws(Halt) {
        let scratch = ScratchBuffer(128 << 10)
        var builder = try desk.makeBuilder()
        while true {
            let length = try disk.read(into: scratch.bytes)
            guard length > 0 else { break }
            var rest = UnsafeRawBufferPointer(rebasing: scratch.bytes[..<length])
            while !rest.isEmpty {
                rest = UnsafeRawBufferPointer(rebasing: rest[builder.append(rest)...])
                if builder.room == 0 {
                    desk.put(builder.finish())
                    builder = try desk.makeBuilder()
                }
            }
        }
        if builder.count > 0 { desk.put(builder.finish()) }
    }
}

/// Where logic gets its randomness from, so that a simulation can replay it.
public protocol RandomSource: Sendable {
    /// 64 random bits.
    func next() -> UInt64
}

extension RandomSource {
    /// A version 4 UUID (RFC 9562) in its lower-case text form.
    public func uuid() -> String {
        let high = next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let hex = [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - $0 * 8)) } }
            .lowercaseHex
        let cuts = [0, 8, 12, 16, 20, 32]
        let characters = Array(hex)
        return zip(cuts, cuts.dropFirst()).map { String(characters[$0..<$1]) }.joined(separator: "-")
    }

    /// A new identifier made of a UUID.
    public func identifier<Kind: IdentifierKind>() -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(uuid()) else {
            preconditionFailure("a UUID is a valid \(Kind.noun)")
        }
        return identifier
    }

    /// A fraction in `0..<1`.
    public func fraction() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}

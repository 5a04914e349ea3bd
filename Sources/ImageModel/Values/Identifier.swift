/// What an ``Identifier`` names, and how long it may be.
public protocol IdentifierKind: Sendable {
    /// The noun used in error sentences, such as "job id".
    static var noun: String { get }
    /// The most ASCII characters an identifier of this kind may have.
    static var lengthLimit: Int { get }
    /// The ASCII characters it may have besides letters and digits, though not as the first.
    static var punctuation: String { get }
}

extension IdentifierKind {
    /// `._:@=+-`
    public static var punctuation: String { "._:@=+-" }
}

/// A name that is safe in messages, events and logs: `[A-Za-z0-9][A-Za-z0-9._:@=+-]*`, bounded in length.
///
/// A job id may also hold `~`, because the retry of `job-1` is `job-1~2`.
/// It is not safe as a file name (it may hold `..`), so no path is ever built from one.
public struct Identifier<Kind: IdentifierKind>: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The identifier as it travels in messages.
    public let rawValue: String

    /// Returns nil when `rawValue` breaks the character rule or the length limit.
    public init?(_ rawValue: String) {
        guard Self.isValid(rawValue.utf8) else { return nil }
        self.rawValue = rawValue
    }

    private init(known rawValue: String) {
        self.rawValue = rawValue
    }

    /// The identifier itself.
    public var description: String { rawValue }

    /// Orders by the bytes of the identifiers.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    private static func isValid(_ bytes: String.UTF8View) -> Bool {
        guard let first = bytes.first, isAlphanumeric(first), bytes.count <= Kind.lengthLimit else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || Kind.punctuation.utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension Identifier where Kind == ConfiguredNameKind {
    /// The store of messages that name none.
    public static var `default`: Self { Self(known: "default") }
}

extension Identifier: Codable {
    /// Decodes a single string; throws `DecodingError.dataCorrupted` when it breaks the rule.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let identifier = Self(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" is not a valid \(Kind.noun)"))
        }
        self = identifier
    }

    /// Encodes as a single string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// Names a job; chosen by the producer and the key of idempotency.
public enum JobIdentifierKind: IdentifierKind {
    /// "job id"
    public static let noun = "job id"
    /// 128, as CONTRACT section 2 bounds it.
    public static let lengthLimit = 128
    /// `._:@=+-~`: retries are named `<id>~2` (CONTRACT section 3).
    public static let punctuation = "._:@=+-~"
}

/// Names an image; chosen by the producer or made by the worker.
public enum ImageIdentifierKind: IdentifierKind {
    /// "image id"
    public static let noun = "image id"
    /// 128.
    public static let lengthLimit = 128
}

/// Names an account: an owner, a member, an actor.
public enum AccountIdentifierKind: IdentifierKind {
    /// "account id"
    public static let noun = "account id"
    /// 64.
    public static let lengthLimit = 64
}

/// Names a configured store, credential or profile.
public enum ConfiguredNameKind: IdentifierKind {
    /// "name"
    public static let noun = "name"
    /// 64.
    public static let lengthLimit = 64
}

/// Names something a worker made: a transfer, an event, a worker, a catalog.
public enum MadeIdentifierKind: IdentifierKind {
    /// "id"
    public static let noun = "id"
    /// 128.
    public static let lengthLimit = 128
}

/// The key of a job.
public typealias JobID = Identifier<JobIdentifierKind>
/// The key of an image; never used again once the image is deleted.
public typealias ImageID = Identifier<ImageIdentifierKind>
/// An account of the platform.
public typealias AccountID = Identifier<AccountIdentifierKind>
/// The name of a configured store.
public typealias StoreName = Identifier<ConfiguredNameKind>
/// The key of one attempt to move bytes into a store.
public typealias TransferID = Identifier<MadeIdentifierKind>
/// The key of an event, equal on every resend.
public typealias EventID = Identifier<MadeIdentifierKind>
/// One run of one worker process.
public typealias WorkerID = Identifier<MadeIdentifierKind>
/// The identity of a catalog, written into the markers of what belongs to it.
public typealias CatalogID = Identifier<MadeIdentifierKind>

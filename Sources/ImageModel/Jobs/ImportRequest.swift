/// What an import message asks for.
public struct ImportRequest: Hashable, Sendable, Codable {
    /// The image to make.
    public var image: ImageSpecification
    /// Where its bytes are.
    public var source: SourceLocation
    /// What the producer knows of the bytes.
    public var expectations: Expectations
    /// Digests to compute, 1 to 6; nil for SHA-256 alone.
    public var digests: [DigestAlgorithm]?
    /// What to do to the bytes on the way.
    public var transform: Transform
    /// Store names, 1 to 8; nil for `default`.
    public var stores: [StoreName]?
    /// Whether one store is enough; nil for all.
    public var storesRequire: StoresRequirement?

    /// A request from its parts.
    public init(
        image: ImageSpecification, source: SourceLocation, expectations: Expectations = Expectations(),
        digests: [DigestAlgorithm]? = nil, transform: Transform = Transform(), stores: [StoreName]? = nil,
        storesRequire: StoresRequirement? = nil
    ) {
        self.image = image
        self.source = source
        self.expectations = expectations
        self.digests = digests
        self.transform = transform
        self.stores = stores
        self.storesRequire = storesRequire
    }
}

/// An image as an import names it; absent members are nil.
public struct ImageSpecification: Hashable, Sendable, Codable {
    /// Chosen by producers that chain jobs; nil: made by the worker.
    public var id: ImageID?
    /// 1 to 255 characters.
    public var name: String
    /// Defaults to the actor's account.
    public var owner: AccountID?
    /// The vendor profile.
    public var profile: String?
    /// At most 2,048 characters.
    public var description: String?
    /// Who may see it.
    public var visibility: ImageVisibility?
    /// Whether deletes are refused.
    public var isProtected: Bool?
    /// At most 128 tags.
    public var tags: [String]?
    /// In GiB.
    public var minimumDiskGiB: Int64?
    /// In MiB.
    public var minimumRAMMiB: Int64?
    /// What it boots.
    public var os: OperatingSystem?
    /// Free and vendor-specific properties.
    public var properties: [String: PropertyValue]?

    /// A specification with everything absent but the name.
    public init(
        id: ImageID? = nil, name: String, owner: AccountID? = nil, profile: String? = nil, description: String? = nil,
        visibility: ImageVisibility? = nil, isProtected: Bool? = nil, tags: [String]? = nil,
        minimumDiskGiB: Int64? = nil, minimumRAMMiB: Int64? = nil, os: OperatingSystem? = nil,
        properties: [String: PropertyValue]? = nil
    ) {
        self.id = id
        self.name = name
        self.owner = owner
        self.profile = profile
        self.description = description
        self.visibility = visibility
        self.isProtected = isProtected
        self.tags = tags
        self.minimumDiskGiB = minimumDiskGiB
        self.minimumRAMMiB = minimumRAMMiB
        self.os = os
        self.properties = properties
    }
}

/// Where the bytes of an import are. The query of the URL is kept apart, as a secret.
public struct SourceLocation: Hashable, Sendable, Codable {
    /// An absolute URL without userinfo and without query.
    public var url: String
    /// The name of a configured credential.
    public var credential: String?

    /// A location from its parts.
    public init(url: String, credential: String? = nil) {
        self.url = url
        self.credential = credential
    }
}

/// What the producer knows of the bytes beforehand; every member given is enforced.
public struct Expectations: Hashable, Sendable, Codable {
    /// Bytes as served.
    public var size: Int64?
    /// The disk format after unpacking, before conversion.
    public var format: ImageFormat?
    /// Digests of the bytes as served.
    public var digests: [Digest]
    /// Where a list of digests lies.
    public var digestsURL: String?

    /// Expectations from their parts; none by default.
    public init(size: Int64? = nil, format: ImageFormat? = nil, digests: [Digest] = [], digestsURL: String? = nil) {
        self.size = size
        self.format = format
        self.digests = digests
        self.digestsURL = digestsURL
    }
}

/// What to do to the bytes between source and store.
public struct Transform: Hashable, Sendable, Codable {
    /// Whether wrappers (gzip, xz, …) are unpacked; nil for `auto`.
    public var decompress: Decompression?
    /// The format to convert to; nil to store as it is.
    public var convertTo: ImageFormat?

    /// A transformation; by default what the contract defaults to.
    public init(decompress: Decompression? = nil, convertTo: ImageFormat? = nil) {
        self.decompress = decompress
        self.convertTo = convertTo
    }
}

/// Whether wrappers are unpacked.
public enum Decompression: String, Sendable, Codable, CaseIterable {
    /// When one is found.
    case auto
    /// Never.
    case none
}

/// How many of the named stores must have the bytes for the import to succeed.
public enum StoresRequirement: String, Sendable, Codable, CaseIterable {
    /// Each of them.
    case all
    /// At least one; the others follow by themselves.
    case any
}

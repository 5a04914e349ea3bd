/// An image as the catalog knows it: what the producer said, what the worker found, and where the bytes lie.
public struct Image: Hashable, Sendable, Codable {
    /// The key; never used again once the image is deleted.
    public var id: ImageID
    /// What the producer described; changed by updates.
    public var details: ImageDetails
    /// Where the image stands in its life.
    public var status: ImageStatus
    /// What is being done to an active image; nil when nothing is.
    public var operation: ImageOperation?
    /// Starts at 1 and grows by one with every change that an event announces.
    public var revision: Int64
    /// What the stored object is; nil until it is stored.
    public var content: ImageContent?
    /// The image this one was copied from.
    public var origin: ImageID?
    /// Where it came from and who touched it; nil for images of a catalog older than this knowledge.
    public var provenance: Provenance?
    /// Where the bytes lie, in the order of the store names.
    public var replicas: [Replica]
    /// When the catalog accepted the image.
    public var createdAt: Timestamp
    /// When it last changed.
    public var updatedAt: Timestamp

    /// An image from its parts.
    public init(
        id: ImageID, details: ImageDetails, status: ImageStatus, operation: ImageOperation? = nil, revision: Int64,
        content: ImageContent? = nil, origin: ImageID? = nil, provenance: Provenance? = nil, replicas: [Replica] = [],
        createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.details = details
        self.status = status
        self.operation = operation
        self.revision = revision
        self.content = content
        self.origin = origin
        self.provenance = provenance
        self.replicas = replicas
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// What a producer says of an image, with the defaults of CONTRACT section 2 filled in.
public struct ImageDetails: Hashable, Sendable, Codable {
    /// 1 to 255 characters.
    public var name: String
    /// The account the image belongs to; nil for the platform's own.
    public var owner: AccountID?
    /// The vendor profile whose rules and view apply.
    public var profile: String?
    /// At most 2,048 characters.
    public var description: String
    /// Who may see the image.
    public var visibility: ImageVisibility
    /// A protected image refuses to be deleted.
    public var isProtected: Bool
    /// At most 128 tags.
    public var tags: [String]
    /// The smallest disk the image needs, in GiB.
    public var minimumDiskGiB: Int64
    /// The least memory the image needs, in MiB.
    public var minimumRAMMiB: Int64
    /// What the image boots.
    public var os: OperatingSystem
    /// Free and vendor-specific properties.
    public var properties: [String: PropertyValue]

    /// Details with the contract's defaults for everything but the name.
    public init(
        name: String, owner: AccountID? = nil, profile: String? = nil, description: String = "",
        visibility: ImageVisibility = .private, isProtected: Bool = false, tags: [String] = [],
        minimumDiskGiB: Int64 = 0, minimumRAMMiB: Int64 = 0, os: OperatingSystem = OperatingSystem(),
        properties: [String: PropertyValue] = [:]
    ) {
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

/// The operating system an image boots, as far as the producer said.
public struct OperatingSystem: Hashable, Sendable, Codable {
    /// `linux`, `windows` or another family.
    public var type: String?
    /// The distribution or edition.
    public var distro: String?
    /// The release.
    public var version: String?
    /// The processor architecture.
    public var arch: String?

    /// Everything absent unless given.
    public init(type: String? = nil, distro: String? = nil, version: String? = nil, arch: String? = nil) {
        self.type = type
        self.distro = distro
        self.version = version
        self.arch = arch
    }

    /// Takes over what is absent here; what is there stands.
    public mutating func fillGaps(from other: OperatingSystem) {
        type = type ?? other.type
        distro = distro ?? other.distro
        version = version ?? other.version
        arch = arch ?? other.arch
    }
}

/// Who may see an image besides its owner.
public enum ImageVisibility: String, Sendable, Codable, CaseIterable {
    /// The owner only.
    case `private`
    /// The owner and accepted members.
    case shared
    /// Everybody.
    case `public`
}

/// What stands in the stores: the same bytes in each.
public struct ImageContent: Hashable, Sendable, Codable {
    /// The detected container format.
    public var format: ImageFormat
    /// Stored bytes.
    public var size: Int64
    /// The size of the disk the image describes, in bytes.
    public var virtualSize: Int64
    /// Digests of the stored bytes, one for each algorithm at most.
    public var digests: [Digest]
    /// What inspection noticed and let pass.
    public var findings: [Finding]

    /// Content from its parts.
    public init(
        format: ImageFormat, size: Int64, virtualSize: Int64, digests: [Digest], findings: [Finding] = []
    ) {
        self.format = format
        self.size = size
        self.virtualSize = virtualSize
        self.digests = digests
        self.findings = findings
    }

    /// Reads also what was written before findings were kept.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        format = try container.decode(ImageFormat.self, forKey: .format)
        size = try container.decode(Int64.self, forKey: .size)
        virtualSize = try container.decode(Int64.self, forKey: .virtualSize)
        digests = try container.decode([Digest].self, forKey: .digests)
        findings = try container.decodeIfPresent([Finding].self, forKey: .findings) ?? []
    }
}

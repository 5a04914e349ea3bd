public import ImageModel

/// Huawei Cloud IMS: the image attributes (document 001) and the answer of the create-metadata call (document 003).
///
/// While an image is `queued` the view is the answer of document 003; from `saving` on it also has the attributes
/// that only document 001 lists. Both documents' spelling of the creation time differs (`create_at`, `created_at`);
/// the sample and later pages say `created_at`. Job types and error codes are those of the vendor's API reference.
public struct IMSProfile: ImageProfile {
    /// `ims`
    public static let id = "ims"

    /// The member accepts or rejects; 256 tenants at most, and fewer for an image of a whole server.
    public static let sharing = SharingTerms(needsAcceptance: true, memberLimit: 256)

    /// The profile in a deployment, of which it needs to know nothing.
    public init(in context: ProfileContext) {}

    /// The image attributes.
    public func document(of subject: ProfiledImage) -> DocumentValue {
        let image = subject.image
        let details = image.details
        var view = DocumentBuilder()
        view.add("schema", "/v2/schemas/image")
        view.add("min_disk", .integer(details.minimumDiskGiB))
        view.add("created_at", .string(Self.date(image.createdAt)))
        view.add("__image_source_type", "uds")
        view.add("container_format", "bare")
        view.add("__image_size", .string("\(image.content?.size ?? 0)"))
        view.add("file", .string("/v2/images/\(image.id)/file"))
        view.add("updated_at", .string(Self.date(image.updatedAt)))
        view.add("protected", .bool(details.isProtected))
        view.add("id", .string(image.id.rawValue))
        view.add("__isregistered", "true")
        view.add("min_ram", .integer(details.minimumRAMMiB))
        view.add("owner", details.owner?.rawValue)
        view.add("__imagetype", .string(Self.imageType(of: details)))
        view.add("visibility", .string(details.visibility.rawValue))
        view.add("virtual_env_type", .string(Self.environment(of: image)))
        view.add("tags", .array(details.tags.map { .string($0) }))
        let system = IMSOperatingSystem(details)
        view.add("__os_type", system.type)
        view.add("__platform", system.platform)
        view.add("__os_bit", system.bits)
        view.add("__os_version", system.version)
        view.add("name", .string(details.name))
        view.add("self", .string("/v2/images/\(image.id)"))
        view.add("disk_format", Self.diskFormat(of: image))
        view.add("status", .string(Self.status(of: image)))
        view.add("__root_origin", image.provenance?.sourceURL.map { _ in "file" })
        view.add("checksum", image.content?.digests.first { $0.algorithm == .md5 }?.hex)
        view.add("virtual_size", image.content?.virtualSize)
        addDeclared(details, to: &view)
        if image.status != .queued { addAttributes(subject, to: &view) }
        return view.document
    }

    /// What the image's properties carry in the vendor's own spelling.
    private func addDeclared(_ details: ImageDetails, to view: inout DocumentBuilder) {
        view.add("__description", details.description.isEmpty ? nil : details.description)
        for field in Field.passedThrough {
            view.add(field.rawValue, Self.text(field.rawValue, of: details))
        }
    }

    /// What only document 001 lists.
    private func addAttributes(_ subject: ProfiledImage, to view: inout DocumentBuilder) {
        let image = subject.image
        let isPublic = image.details.visibility == .public
        let configured = Self.text(Field.isConfigInit.rawValue, of: image.details)
        view.add(Field.isConfigInit.rawValue, .string(configured ?? "false"))
        view.add(Field.wholeImage.rawValue, .bool(Self.isWholeServer(image.details)))
        // Left empty for public images and those that were made from a file.
        view.add("__originalimagename", .string(isPublic ? "" : image.origin?.rawValue ?? ""))
        view.add("__data_origin", .string(isPublic ? "" : image.provenance?.sourceURL.map { "file,\($0)" } ?? ""))
        view.add("__image_location", image.replicas.first { $0.state == .available }?.url)
        let isDeleted = Self.status(of: image) == "deleted"
        view.add("deleted", .bool(isDeleted))
        view.add("deleted_at", isDeleted ? Self.date(image.updatedAt) : nil)
    }

    private static func status(of image: Image) -> String {
        switch image.status {
        case .queued: "queued"
        case .importing: "saving"
        case .active: "active"
        case .failed, .cancelled: "killed"
        case .pendingDelete, .deleting, .deleted: "deleted"
        }
    }

    private static func imageType(of details: ImageDetails) -> String {
        switch details.visibility {
        case .public: "gold"
        case .private: "private"
        case .shared: "shared"
        }
    }

    private static let isoEnvironment = "IsoImage"

    private static func environment(of image: Image) -> String {
        let isISO = (diskFormat(of: image) ?? "") == ImageFormat.iso.rawValue
        return text(Field.environment.rawValue, of: image.details) ?? (isISO ? isoEnvironment : "FusionCompute")
    }

    /// What the bytes are; before they are known, and where only the vendor knows the format, what was declared.
    private static func diskFormat(of image: Image) -> String? {
        let declared = text(Field.diskFormat.rawValue, of: image.details)
        guard let format = image.content?.format else { return declared }
        return format == .raw && isOpaque(declared) ? declared : format.rawValue
    }

    /// Whether the image is one of a whole server, with its data disks: a full-ECS image.
    static func isWholeServer(_ details: ImageDetails) -> Bool {
        property(Field.wholeImage.rawValue, of: details) == .bool(true)
    }

    /// Whether the image is an ISO, or is declared to be used as one.
    static func isISO(_ image: Image) -> Bool {
        image.content?.format == .iso || text(Field.environment.rawValue, of: image.details) == isoEnvironment
    }

    /// zvhd and zvhd2 have no published layout: the bytes look like none, which is raw.
    private static func isOpaque(_ format: String?) -> Bool { ["zvhd", "zvhd2"].contains(format) }

    /// `zvhd` and `zvhd2`.
    public func opaqueFormat(of details: ImageDetails) -> String? {
        let declared = Self.text(Field.diskFormat.rawValue, of: details)
        return Self.isOpaque(declared) ? declared : nil
    }

    /// `2016-06-02T07:49:48Z`
    static func date(_ moment: Timestamp) -> String { String(moment.description.prefix(19)) + "Z" }
}

extension IMSProfile {
    /// The vendor's fields that an image's properties may carry, as `ims.<field>`.
    enum Field: String, CaseIterable {
        case diskFormat = "disk_format"
        case osVersion = "__os_version"
        case environment = "virtual_env_type"
        case firmware = "hw_firmware_type"
        case kvm = "__support_kvm"
        case xen = "__support_xen"
        case largeMemory = "__support_largememory"
        case diskIntensive = "__support_diskintensive"
        case highPerformance = "__support_highperformance"
        case xenGPU = "__support_xen_gpu_type"
        case kvmGPU = "__support_kvm_gpu_type"
        case isConfigInit = "__is_config_init"
        case enterpriseProject = "enterprise_project_id"
        case backup = "__backup_id"
        case product = "__productcode"
        case wholeImage = "__whole_image"

        /// Shown as the property says, and absent when it says nothing.
        static let passedThrough: [Self] = [
            .firmware, .kvm, .xen, .largeMemory, .diskIntensive, .highPerformance, .xenGPU, .kvmGPU,
            .enterpriseProject, .backup, .product,
        ]
    }
}

/// The four fields that describe what an image boots: the last three follow from `__os_version`.
struct IMSOperatingSystem: Equatable {
    /// `Ubuntu 14.04 server 64bit`
    let version: String?
    /// One of the document's platforms.
    let platform: String?
    /// `32` or `64`
    let bits: String?
    /// `Linux`, `Windows` or `Other`
    let type: String?

    /// The platforms of document 001, longer names before those they begin with.
    static let platforms = [
        "Windows", "Ubuntu", "Red Hat", "SUSE", "CentOS", "Debian", "OpenSUSE", "Oracle Linux", "Fedora", "Other",
        "CoreOS", "EulerOS",
    ]

    /// From the property `ims.__os_version`, else from what the message says under `os`.
    init(_ details: ImageDetails) {
        let os = details.os
        if let given = IMSProfile.text(IMSProfile.Field.osVersion.rawValue, of: details) {
            version = given
            platform = Self.platforms.first { given.lowercased().hasPrefix($0.lowercased()) } ?? "Other"
            bits = Self.bits(of: given)
        } else {
            platform = Self.platform(of: os)
            bits = Self.bits(ofArchitecture: os.arch)
            let words = [platform, os.version, bits.map { "\($0)bit" }]
            version = os.distro == nil || words.contains(nil) ? nil : words.compactMap { $0 }.joined(separator: " ")
        }
        type = Self.type(ofPlatform: platform, os)
    }

    private static func type(ofPlatform platform: String?, _ os: OperatingSystem) -> String? {
        switch platform {
        case nil: nil
        case "Windows": "Windows"
        case "Other": os.type?.lowercased() == "linux" ? "Linux" : "Other"
        default: "Linux"
        }
    }

    private static func platform(of os: OperatingSystem) -> String? {
        if os.type?.lowercased() == "windows" { return "Windows" }
        guard let distro = os.distro?.lowercased().filter(\.isASCIIAlphanumeric) else {
            return os.type == nil ? nil : "Other"
        }
        let aliases = ["rhel": "Red Hat", "sles": "SUSE", "ol": "Oracle Linux", "oracle": "Oracle Linux"]
        return aliases[distro]
            ?? platforms.first { $0.lowercased().filter(\.isASCIIAlphanumeric) == distro } ?? "Other"
    }

    private static func bits(of version: String) -> String? {
        let text = version.lowercased().filter { $0 != " " }
        return ["64", "32"].first { text.contains("\($0)bit") }
    }

    private static func bits(ofArchitecture arch: String?) -> String? {
        switch arch?.lowercased() {
        case "x86_64", "amd64", "aarch64", "arm64": "64"
        case "i386", "i486", "i586", "i686", "x86": "32"
        default: nil
        }
    }
}

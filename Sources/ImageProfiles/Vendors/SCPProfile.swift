public import ImageModel

/// Samsung Cloud Platform's Image (document 002): the labels of its console's pages, in snake case.
public struct SCPProfile: ImageProfile {
    /// `scp`
    public static let id = "scp"

    /// The member approves or rejects; the owner stops.
    public static let sharing = SharingTerms(needsAcceptance: true)

    private let context: ProfileContext

    /// The profile with this deployment's resource names.
    public init(in context: ProfileContext) {
        self.context = context
    }

    // MARK: The document

    /// The Image detail page: status, detailed information, tags and sharing status.
    public func document(of subject: ProfiledImage) -> DocumentValue {
        let image = subject.image
        let details = image.details
        var view = DocumentBuilder()
        view.add("image_status", Self.status(of: image))
        view.add("service", "Virtual Server")
        view.add("resource_type", "Image")
        view.add("srn", srn(of: image))
        view.add("resource_name", .string(details.name))
        view.add("resource_id", .string(image.id.rawValue))
        view.add("creator", image.provenance?.creator)
        view.add("creation_time", .string(image.createdAt.description))
        view.add("editor", image.provenance?.editor)
        view.add("modification_date", .string(image.updatedAt.description))
        view.add("image_name", .string(details.name))
        view.add("minimum_disk", .integer(details.minimumDiskGiB))
        view.add("minimum_ram", .integer(details.minimumRAMMiB / 1_024))
        view.add("os_type", Self.osType(of: details.os, among: Self.osTypes + [Self.readOnlyOSType]))
        view.add("os_hash_algorithm", image.content?.digests.map(\.algorithm).max(by: Self.isWeaker)?.rawValue)
        view.add("visibility", Self.visibility(of: details))
        view.add("protected", .bool(details.isProtected))
        view.add("image_size", image.content.map { Self.shownSize($0.size) })
        let type = Self.imageType(of: details)
        view.add("image_type", .string(type))
        view.add("image_file_url", type == Self.imageBased ? image.provenance?.sourceURL : nil)
        view.add("sharing_status", .array(subject.members.map(Self.sharing)))
        view.add("tag", .array(details.tags.map(Self.tag)))
        return view.document
    }

    private static func status(of image: Image) -> DocumentValue {
        switch image.status {
        case .queued: "Queued"
        case .importing: "Importing"
        case .active: "Active"
        case .failed: .ours("failed")
        case .cancelled: .ours("cancelled")
        case .pendingDelete: .ours("pending_delete")
        case .deleting: .ours("deleting")
        case .deleted: .ours("deleted")
        }
    }

    private static func sharing(_ member: Member) -> DocumentValue {
        let status =
            switch member.status {
            case .pending: "Pending"
            case .accepted: "Accepted"
            case .rejected: "Rejected"
            case .stopped: "Sharing stopped"
            }
        return [
            "approved_account_id": .string(member.account.rawValue),
            "modification_date_time": .string(member.updatedAt.description), "status": .string(status),
        ]
    }

    private static func tag(_ tag: String) -> DocumentValue {
        let parts = tag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return ["key": .string(String(parts[0])), "value": .string(parts.count > 1 ? String(parts[1]) : "")]
    }

    /// Whole GB, at least one: "if the generated Image size is 1GB or less, it is displayed as 1GB".
    private static func shownSize(_ bytes: Int64) -> String {
        let (whole, rest) = bytes.quotientAndRemainder(dividingBy: ByteCount.gibibyte)
        return "\(max(1, rest > 0 ? whole + 1 : whole))GB"
    }

    private static func isWeaker(_ left: DigestAlgorithm, _ right: DigestAlgorithm) -> Bool {
        let order: [DigestAlgorithm] = [.md5, .sha1, .sha256, .sha384, .blake2b512, .sha512]
        return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
    }

    private static func visibility(of details: ImageDetails) -> String {
        switch details.visibility {
        case .private: "Private"
        case .shared: "Shared"
        case .public: "longshore:public"
        }
    }

    // MARK: Vendor fields that no message member carries

    private static let typeField = "image_type"
    private static let srnField = "srn"
    private static let imageBased = "Image-Based"
    private static let snapshotBased = "Snapshot-Based"
    private static let osTypes = ["Alma Linux", "CentOS", "Oracle Linux", "RHEL", "Rocky Linux", "Ubuntu"]
    private static let readOnlyOSType = "SLES"

    private func srn(of image: Image) -> String? {
        Self.text(Self.srnField, of: image.details)
            ?? context.fields[Self.srnField]?.replacing("{id}", with: image.id.rawValue)
    }

    private static func imageType(of details: ImageDetails) -> String {
        text(typeField, of: details) ?? imageBased
    }

    /// The document's spelling of a distribution, which messages spell as they like: `almalinux`, `rocky`, `ol`.
    private static func osType(of os: OperatingSystem, among names: [String]) -> String? {
        guard let distro = os.distro?.lowercased().filter(\.isASCIIAlphanumeric) else { return nil }
        let name: String? =
            switch distro {
            case "alma", "almalinux": "Alma Linux"
            case "centos": "CentOS"
            case "ol", "oracle", "oraclelinux": "Oracle Linux"
            case "rhel", "redhat", "redhatenterpriselinux": "RHEL"
            case "rocky", "rockylinux": "Rocky Linux"
            case "ubuntu": "Ubuntu"
            case "sles": readOnlyOSType
            default: nil
            }
        return name.flatMap { names.contains($0) ? $0 : nil }
    }

    // MARK: Rules

    /// The inputs of the page that creates an image.
    public func violations(of draft: ImageDraft) -> [Violation] {
        let details = draft.details
        var rules = RuleBook(draft)
        rules.require(
            .name, "at most 255 ASCII letters, digits, spaces, - and _", value: details.name,
            holds: details.name.count <= 255 && details.name.allSatisfy(Self.isNameCharacter))
        rules.require(
            .minimumDisk, "0 to 12288 GB", value: "\(details.minimumDiskGiB)",
            holds: (0...12_288).contains(details.minimumDiskGiB))
        rules.require(
            .minimumRAM, "whole GB (multiples of 1024 MiB), 0 to 2097151", value: "\(details.minimumRAMMiB) MiB",
            holds: details.minimumRAMMiB % 1_024 == 0 && (0...2_097_151).contains(details.minimumRAMMiB / 1_024))
        rules.require(
            .os, "distro is one of \(Self.osTypes.joined(separator: ", "))", value: details.os.distro ?? "absent",
            holds: Self.osType(of: details.os, among: Self.osTypes) != nil)
        rules.require(
            .visibility, "private or shared", value: details.visibility.rawValue,
            holds: details.visibility != .public)
        rules.require(
            .tags, "at most 50 tags", value: "\(details.tags.count) tags", holds: details.tags.count <= 50)
        judgeFields(of: details, in: &rules)
        if let request = draft.request { judge(request, in: &rules) }
        return rules.violations
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCIIAlphanumeric || character == " " || character == "-" || character == "_"
    }

    private func judgeFields(of details: ImageDetails, in rules: inout RuleBook) {
        rules.requireKnownFields(Self.id, [Self.typeField, Self.srnField])
        let typeKey = Self.propertyKey(Self.typeField)
        if let given = details.properties[typeKey] {
            let types = [Self.snapshotBased, Self.imageBased]
            rules.require(
                property: typeKey, "one of \(types.joined(separator: ", "))", value: given.shown,
                holds: Self.text(Self.typeField, of: details).map(types.contains) ?? false)
        }
        let hasSRN = (Self.text(Self.srnField, of: details) ?? context.fields[Self.srnField]) != nil
        rules.require(
            property: Self.propertyKey(Self.srnField),
            "required: set the property, or profiles.\(Self.id).fields in the configuration", value: "absent",
            holds: hasSRN)
    }

    private func judge(_ request: ImportRequest, in rules: inout RuleBook) {
        rules.requireGiven(.minimumDisk, request.image.minimumDiskGiB != nil)
        rules.requireGiven(.minimumRAM, request.image.minimumRAMMiB != nil)
        rules.requireGiven(.visibility, request.image.visibility != nil)
        // An image of a server's snapshot is no uploaded file; only the bytes tell what it is.
        rules.require(
            at: "/source/url", "a file with the extension .qcow2", value: request.source.url,
            holds: request.source.url.hasSuffix(".qcow2")
                || Self.imageType(of: rules.draft.details) == Self.snapshotBased)
        for (path, format) in [
            ("/expect/format", request.expectations.format), ("/transform/convert_to", request.transform.convertTo),
        ] {
            guard let format else { continue }
            rules.require(at: path, "qcow2", value: format.rawValue, holds: format == .qcow2)
        }
    }

    /// Only qcow2 is used.
    public func violations(of content: ImageContent, with draft: ImageDraft) -> [Violation] {
        var rules = RuleBook(draft)
        rules.require(
            at: "/expect/format", "qcow2", value: content.format.rawValue, holds: content.format == .qcow2)
        return rules.violations
    }

    // MARK: Preconditions

    /// Sharing needs visibility Shared and an Image-Based image; copying is "Create shared Image" and nothing else.
    public func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? {
        switch work {
        case .share(let request) where request.action == .offer:
            return refusal(ofOfferTo: request.member, image)
        case .copy(let request):
            return refusal(of: request, image)
        default:
            return nil
        }
    }

    private func refusal(ofOfferTo member: AccountID, _ image: Image) -> Failure? {
        guard image.details.visibility == .shared, Self.imageType(of: image.details) == Self.imageBased else {
            return Failure(
                .notShareable,
                "image \(image.id) is \(Self.visibility(of: image.details)) and \(Self.imageType(of: image.details)); "
                    + "only a Shared, Image-Based image is shared with other accounts", stage: .planning)
        }
        guard member.rawValue.allSatisfy({ $0.isASCIIAlphanumeric || $0 == "-" }) else {
            return Failure(
                .ruleViolated, "account \(member) is no account id of this profile", stage: .planning,
                violations: [
                    Violation(
                        path: "/share/member", rule: "at most 64 ASCII letters, digits and -", value: member.rawValue)
                ])
        }
        return nil
    }

    private func refusal(of request: CopyRequest, _ image: Image) -> Failure? {
        let isPossible =
            image.details.visibility == .private && Self.imageType(of: image.details) == Self.snapshotBased
            && request.newImage != nil
        guard !isPossible else { return nil }
        return Failure(
            .policyDenied,
            "image \(image.id) is \(Self.visibility(of: image.details)) and \(Self.imageType(of: image.details)); "
                + "a shared image is created, as a new image, from a Private image with a snapshot", stage: .planning)
    }

    /// The shared image that a copy makes is Image-Based, and Shared so that it can be shared.
    public func details(ofCopy details: ImageDetails) -> ImageDetails {
        var copy = details
        copy.visibility = .shared
        copy.properties[Self.propertyKey(Self.typeField)] = .string(Self.imageBased)
        return copy
    }
}

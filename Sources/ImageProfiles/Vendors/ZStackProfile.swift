public import ImageModel

/// ZStack's image inventory (document 004).
///
/// The published page lost its lists of values; they and the limits are those of the `ImageStatus`, `ImagePlatform`
/// and `APIAddImageMsg` types of the vendor's source.
public struct ZStackProfile: ImageProfile {
    /// `zstack`
    public static let id = "zstack"

    /// A shared resource is usable at once.
    public static let sharing = SharingTerms(needsAcceptance: false)

    private let context: ProfileContext

    /// The profile with this deployment's backup storages.
    public init(in context: ProfileContext) {
        self.context = context
    }

    // MARK: The document

    /// The answer that lists the one image.
    public func document(of subject: ProfiledImage) -> DocumentValue {
        ["inventories": [inventory(of: subject)], "success": true]
    }

    private func inventory(of subject: ProfiledImage) -> DocumentValue {
        let image = subject.image
        let details = image.details
        var view = DocumentBuilder()
        view.add("actualSize", image.content?.size)
        view.add("backupStorageRefs", .array(image.replicas.compactMap { reference(to: $0, of: image) }))
        view.add("createDate", .string(Self.date(image.createdAt)))
        view.add("description", .string(details.description))
        view.add(Field.exportMd5Sum.rawValue, Self.text(Field.exportMd5Sum.rawValue, of: details))
        view.add(Field.exportUrl.rawValue, Self.text(Field.exportUrl.rawValue, of: details))
        view.add("format", image.content?.format.rawValue)
        view.add(Field.guestOsType.rawValue, Self.guestOS(of: details))
        view.add("lastOpDate", .string(Self.date(image.updatedAt)))
        view.add("md5Sum", Self.digest(of: image, .md5) ?? Self.digest(of: image, .sha256))
        view.add("mediaType", .string(Self.mediaType(of: image)))
        view.add("name", .string(details.name))
        view.add("platform", .string(Self.platform(of: details)))
        view.add("size", image.content?.virtualSize)
        view.add("state", .string(Self.state(of: details)))
        view.add("status", Self.status(of: image))
        view.add("system", .bool(Self.isSystem(details)))
        view.add("type", "zstack")
        view.add("url", image.provenance?.sourceURL)
        view.add("uuid", .string(Self.uuid(image.id) ?? image.id.rawValue))
        return view.document
    }

    /// One row for each replica.
    private func reference(to replica: Replica, of image: Image) -> DocumentValue? {
        guard let storage = context.stores[replica.store.rawValue] else { return nil }
        let uuid = Self.uuid(image.id) ?? image.id.rawValue
        var row = DocumentBuilder()
        row.add("backupStorageUuid", .string(storage))
        row.add("createDate", .string(Self.date(replica.createdAt ?? image.createdAt)))
        row.add("imageUuid", .string(uuid))
        // The vendor's own paths end in the SHA-1 of the object; without one ours tells where the object lies.
        row.add("installPath", Self.digest(of: image, .sha1).map { "zstore://\(uuid)/\($0)" } ?? replica.url)
        row.add("lastOpDate", .string(Self.date(replica.updatedAt ?? image.createdAt)))
        row.add("status", Self.status(of: replica))
        return row.document
    }

    private static func status(of replica: Replica) -> DocumentValue {
        switch replica.state {
        case .pending, .copying: "Downloading"
        case .available: "Ready"
        case .deleting: "Deleted"
        }
    }

    private static func status(of image: Image) -> DocumentValue {
        switch image.status {
        case .queued, .importing: image.origin == nil ? "Downloading" : "Creating"
        case .active: "Ready"
        case .failed: .ours("failed")
        case .cancelled: .ours("cancelled")
        case .pendingDelete: .ours("pending_delete")
        case .deleting: .ours("deleting")
        case .deleted: .ours("deleted")
        }
    }

    /// Corrected from the detected format, as the vendor does after a download.
    private static func mediaType(of image: Image) -> String {
        if let content = image.content, content.format == .iso { return iso }
        let given = text(Field.mediaType.rawValue, of: image.details)
        guard image.content != nil, given == iso else { return given ?? rootVolume }
        return rootVolume
    }

    private static func guestOS(of details: ImageDetails) -> String? {
        let words = [details.os.distro, details.os.version].compactMap { $0 }
        return text(Field.guestOsType.rawValue, of: details) ?? (words.isEmpty ? nil : words.joined(separator: " "))
    }

    private static func platform(of details: ImageDetails) -> String {
        if let given = text(Field.platform.rawValue, of: details) { return given }
        switch details.os.type?.lowercased() {
        case "linux": return "Linux"
        case "windows": return "Windows"
        default: return "Other"
        }
    }

    private static func state(of details: ImageDetails) -> String {
        if case .string(let state) = details.properties["state"] { state } else { "Enabled" }
    }

    private static func isSystem(_ details: ImageDetails) -> Bool {
        property(Field.system.rawValue, of: details) == .bool(true)
    }

    private static func digest(of image: Image, _ algorithm: DigestAlgorithm) -> String? {
        image.content?.digests.first { $0.algorithm == algorithm }?.hex
    }

    /// 32 hexadecimal digits; nil for an id that is neither that nor a UUID.
    private static func uuid(_ id: ImageID) -> String? {
        let dashes = id.rawValue.indices.filter { id.rawValue[$0] == "-" }
            .map { id.rawValue.distance(from: id.rawValue.startIndex, to: $0) }
        guard dashes.isEmpty || dashes == [8, 13, 18, 23] else { return nil }
        let digits = id.rawValue.filter { $0 != "-" }.lowercased()
        return digits.count == 32 && digits.allSatisfy { $0.isHexDigit } ? digits : nil
    }

    /// `Oct 30, 2017 4:32:11 PM`: English, without a zone, which is UTC here.
    private static func date(_ moment: Timestamp) -> String {
        let text = moment.description
        let number = { (from: Int, count: Int) in Int(text.dropFirst(from).prefix(count)) ?? 0 }
        let hour = number(11, 2)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = "\(hour % 12 == 0 ? 12 : hour % 12):\(text.dropFirst(14).prefix(5)) \(hour < 12 ? "AM" : "PM")"
        return "\(months[(number(5, 2) + 11) % 12]) \(number(8, 2)), \(text.prefix(4)) \(clock)"
    }

    // MARK: Rules

    private enum Field: String, CaseIterable {
        case exportMd5Sum, exportUrl, guestOsType, mediaType, platform, system
    }

    private static let iso = "ISO"
    private static let rootVolume = "RootVolumeTemplate"
    private static let mediaTypes = [rootVolume, "DataVolumeTemplate", iso]
    private static let platforms = ["Linux", "Windows", "WindowsVirtio", "Other", "Paravirtualization"]
    private static let formats: [ImageFormat] = [.iso, .qcow2, .raw, .vmdk]
    private static let states = ["Enabled", "Disabled"]

    /// Lengths, words, and what excludes each other.
    public func violations(of draft: ImageDraft) -> [Violation] {
        let details = draft.details
        var rules = RuleBook(draft)
        rules.require(
            .name, "at most 255 characters", value: "\(details.name.count) characters", holds: details.name.count <= 255
        )
        rules.require(
            .description, "at most 2048 characters", value: "\(details.description.count) characters",
            holds: details.description.count <= 2_048)
        let state = Self.state(of: details)
        rules.require(
            draft.isNew ? .properties : .state, "one of \(Self.states.joined(separator: ", "))", value: state,
            holds: Self.states.contains(state))
        rules.requireKnownFields(Self.id, Field.allCases.map(\.rawValue))
        judgeWords(of: details, in: &rules)
        if let request = draft.request { judge(request, in: &rules) }
        return rules.violations
    }

    private func judgeWords(of details: ImageDetails, in rules: inout RuleBook) {
        for (field, words) in [(Field.mediaType, Self.mediaTypes), (.platform, Self.platforms)] {
            guard let given = Self.property(field.rawValue, of: details) else { continue }
            rules.require(
                property: Self.propertyKey(field.rawValue), "one of \(words.joined(separator: ", "))",
                value: given.shown, holds: Self.text(field.rawValue, of: details).map(words.contains) ?? false)
        }
        for field in [Field.exportMd5Sum, .exportUrl, .guestOsType] {
            guard let given = Self.property(field.rawValue, of: details) else { continue }
            rules.require(
                property: Self.propertyKey(field.rawValue), "a text", value: given.shown,
                holds: Self.text(field.rawValue, of: details) != nil)
        }
        let systemKey = Self.propertyKey(Field.system.rawValue)
        if let given = details.properties[systemKey] {
            rules.require(
                property: systemKey, "true or false", value: given.shown,
                holds: given == .bool(true) || given == .bool(false))
            rules.require(
                property: systemKey, "an image of media type ISO is no system image", value: given.shown,
                holds: given != .bool(true) || Self.text(Field.mediaType.rawValue, of: details) != Self.iso)
        }
    }

    private func judge(_ request: ImportRequest, in rules: inout RuleBook) {
        if let id = request.image.id {
            rules.require(.id, "a UUID, or its 32 hexadecimal digits", value: id.rawValue, holds: Self.uuid(id) != nil)
        }
        rules.require(
            at: "/source/url", "at most 1024 characters", value: "\(request.source.url.count) characters",
            holds: request.source.url.count <= 1_024)
        let names = Self.formats.map(\.rawValue).joined(separator: ", ")
        let wanted = request.transform.convertTo ?? request.expectations.format
        let path = request.transform.convertTo == nil ? "/expect/format" : "/transform/convert_to"
        if let format = wanted {
            rules.require(at: path, "one of \(names)", value: format.rawValue, holds: Self.formats.contains(format))
            let isISO = Self.text(Field.mediaType.rawValue, of: rules.draft.details) == Self.iso
            rules.require(
                at: path, "iso, as media type ISO says", value: format.rawValue, holds: !isISO || format == .iso)
        }
        for (index, store) in (request.stores ?? [.default]).enumerated() {
            rules.require(
                at: request.stores == nil ? "/stores" : "/stores/\(index)",
                "a store with a backup storage UUID in profiles.\(Self.id).stores", value: store.rawValue,
                holds: context.stores[store.rawValue] != nil)
        }
    }

    /// Some of the vendor's sources are no files anywhere: what they name is inside its own storage, or not sent yet.
    public func refusal(ofSource url: String) -> Failure? {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard ["volume", "volumesnapshot", "upload", "zstore", "file"].contains(scheme) else { return nil }
        return Failure(
            .sourceDenied, "\(scheme): names something within the vendor's own hosts, which no worker can fetch",
            stage: .planning,
            violations: [Violation(path: "/source/url", rule: "an https or http URL", value: "\(scheme):")])
    }

    /// A copy is one more row of the same image, in a backup storage that has a name of the vendor's.
    public func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? {
        guard case .copy(let request) = work else { return nil }
        guard request.newImage == nil else {
            return Failure(
                .policyDenied,
                "a copy of image \(image.id) under this profile is one more replica of it, not a new image",
                stage: .planning)
        }
        guard context.stores[request.targetStore.rawValue] == nil else { return nil }
        return Failure(
            .ruleViolated, "store \(request.targetStore) has no backup storage UUID in profiles.\(Self.id).stores",
            stage: .planning,
            violations: [
                Violation(
                    path: "/to/store", rule: "a store with a backup storage UUID in profiles.\(Self.id).stores",
                    value: request.targetStore.rawValue)
            ])
    }

    /// Only these formats can be used, and an ISO is no system image.
    public func violations(of content: ImageContent, with draft: ImageDraft) -> [Violation] {
        var rules = RuleBook(draft)
        let names = Self.formats.map(\.rawValue).joined(separator: ", ")
        rules.require(
            at: "/expect/format", "one of \(names)", value: content.format.rawValue,
            holds: Self.formats.contains(content.format))
        rules.require(
            property: Self.propertyKey(Field.system.rawValue), "an ISO is no system image", value: "true",
            holds: content.format != .iso || !Self.isSystem(draft.details))
        return rules.violations
    }
}

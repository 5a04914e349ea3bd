public import ImageModel

extension IMSProfile {
    /// The rules of the attributes, and what excludes each other.
    public func violations(of draft: ImageDraft) -> [Violation] {
        let details = draft.details
        var rules = RuleBook(draft)
        rules.require(
            .name, "1 to 128 ASCII letters, digits, -, ., _ and spaces, no space first or last", value: details.name,
            holds: Self.isName(details.name))
        rules.require(
            .description, "at most 1024 letters and digits; no carriage return, < or >",
            value: "\(details.description.count) characters: \(details.description)",
            holds: details.description.count <= 1_024 && details.description.allSatisfy { $0.isLetter || $0.isNumber })
        judgeSizes(of: details, in: &rules)
        if draft.isNew { judgeCreation(of: details, in: &rules) }
        rules.require(
            .tags, "1 to 255 characters each", value: "an empty tag", holds: !details.tags.contains(""))
        judgeFields(of: details, in: &rules)
        if let request = draft.request { judge(request, in: &rules) }
        return rules.violations
    }

    /// Letters, digits, `-`, `.`, `_` and spaces inside.
    private static func isName(_ name: String) -> Bool {
        (1...128).contains(name.count) && name.first != " " && name.last != " "
            && name.allSatisfy { $0.isASCIIAlphanumeric || "-._ ".contains($0) }
    }

    private func judgeSizes(of details: ImageDetails, in rules: inout RuleBook) {
        let isWindows = IMSOperatingSystem(details).type == "Windows"
        let least: Int64 = isWindows ? 20 : 10
        rules.require(
            .minimumDisk, "\(least) to 1024 GB for \(isWindows ? "Windows" : "Linux")",
            value: "\(details.minimumDiskGiB)", holds: (least...1_024).contains(details.minimumDiskGiB))
    }

    /// A new image is private and not protected; both can be changed once it exists.
    private func judgeCreation(of details: ImageDetails, in rules: inout RuleBook) {
        rules.require(
            .visibility, "private when the image is made", value: details.visibility.rawValue,
            holds: details.visibility == .private)
        rules.require(
            .protected, "false when the image is made", value: "\(details.isProtected)", holds: !details.isProtected)
    }

    private func judgeFields(of details: ImageDetails, in rules: inout RuleBook) {
        rules.requireKnownFields(Self.id, Field.allCases.map(\.rawValue))
        if let given = Self.property(Field.wholeImage.rawValue, of: details) {
            rules.require(
                property: Self.propertyKey(Field.wholeImage.rawValue), "true or false", value: given.shown,
                holds: given == .bool(true) || given == .bool(false))
        }
        for field in Field.allCases where field != .wholeImage {
            guard let given = Self.property(field.rawValue, of: details) else { continue }
            let text = Self.text(field.rawValue, of: details)
            rules.require(
                property: Self.propertyKey(field.rawValue), field.rule.words, value: given.shown,
                holds: text.map(field.rule.holds) ?? false)
        }
        let platforms: [Field] = [.xen, .kvm]
        for gpu in [Field.xenGPU, .kvmGPU] where Self.property(gpu.rawValue, of: details) != nil {
            let excluded = platforms.filter { Self.property($0.rawValue, of: details) != nil }.map(\.rawValue)
            rules.require(
                property: Self.propertyKey(gpu.rawValue), "never beside __support_xen and __support_kvm",
                value: "beside \(excluded.joined(separator: ", "))", holds: excluded.isEmpty)
        }
    }

    private func judge(_ request: ImportRequest, in rules: inout RuleBook) {
        rules.requireGiven(.minimumDisk, request.image.minimumDiskGiB != nil)
        let formats = Self.formats.map(\.rawValue).joined(separator: ", ")
        for (path, format) in [
            ("/expect/format", request.expectations.format), ("/transform/convert_to", request.transform.convertTo),
        ] {
            guard let format else { continue }
            rules.require(at: path, "one of \(formats)", value: format.rawValue, holds: Self.formats.contains(format))
        }
        if let size = request.expectations.size, let format = request.expectations.format {
            rules.require(
                at: "/expect/size", Self.sizeRule(of: format), value: "\(size)", holds: size <= Self.limit(of: format))
        }
        let system = IMSOperatingSystem(rules.draft.details)
        rules.require(
            property: Self.propertyKey(Field.osVersion.rawValue), "required of an ISO, or os.distro, version and arch",
            value: "absent", holds: request.expectations.format != .iso || system.version != nil)
    }

    /// What the bytes must be like; the smallest disk must exceed the disk that the image describes.
    public func violations(of content: ImageContent, with draft: ImageDraft) -> [Violation] {
        var rules = RuleBook(draft)
        let formats = Self.formats.map(\.rawValue).joined(separator: ", ")
        rules.require(
            at: "/expect/format", "one of \(formats)", value: content.format.rawValue,
            holds: Self.formats.contains(content.format))
        rules.require(
            at: "/expect/size", Self.sizeRule(of: content.format), value: "\(content.size)",
            holds: content.size <= Self.limit(of: content.format))
        let (bytes, overflow) = draft.details.minimumDiskGiB.multipliedReportingOverflow(by: ByteCount.gibibyte)
        rules.require(
            .minimumDisk, "more than the \(content.virtualSize) bytes of the image's disk",
            value: "\(draft.details.minimumDiskGiB)", holds: overflow || bytes > content.virtualSize)
        if draft.isNew, content.format == .iso {
            rules.require(
                property: Self.propertyKey(Field.osVersion.rawValue),
                "required of an ISO, or os.distro, version and arch", value: "absent",
                holds: IMSOperatingSystem(draft.details).version != nil)
        }
        return rules.violations
    }

    private static let formats: [ImageFormat] = [.vhd, .raw, .qcow2, .iso]

    /// IMG.0059: 128 GB, and 1 TB for what is imported quickly.
    private static func limit(of format: ImageFormat) -> Int64 {
        (format == .raw ? 1_024 : 128) * ByteCount.gibibyte
    }

    private static func sizeRule(of format: ImageFormat) -> String {
        "at most \(limit(of: format) / ByteCount.gibibyte) GB of \(format.rawValue)"
    }
}

extension IMSProfile.Field {
    /// What the field may say.
    fileprivate var rule: (words: String, holds: @Sendable (String) -> Bool) {
        switch self {
        case .diskFormat: Self.oneOf("zvhd2", "vhd", "zvhd", "raw", "iso", "qcow2")
        case .osVersion: ("1 to 255 characters", { (1...255).contains($0.count) })
        case .environment: Self.oneOf("FusionCompute", "Ironic", "DataImage", "IsoImage")
        case .firmware: Self.oneOf("bios", "uefi")
        case .kvm, .xen, .largeMemory, .diskIntensive, .highPerformance:
            ("\"true\", or absent", { $0 == "true" })
        case .isConfigInit: Self.oneOf("true", "false")
        case .enterpriseProject:
            ("0, blank or a UUID", { $0 == "0" || $0.allSatisfy { $0 == " " } || Self.isUUID($0) })
        case .xenGPU, .kvmGPU, .backup, .product, .wholeImage: ("a text", { !$0.isEmpty })
        }
    }

    private static func oneOf(_ words: String...) -> (words: String, holds: @Sendable (String) -> Bool) {
        ("one of \(words.joined(separator: ", "))", { words.contains($0) })
    }

    private static func isUUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) }
    }
}

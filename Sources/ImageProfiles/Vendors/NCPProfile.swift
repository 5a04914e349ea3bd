public import ImageModel

/// NAVER Cloud's `ServerImage` (document 000): status and operation are two codes, and their pair has a name.
///
/// Names and descriptions follow the rules of the vendor's create call, since the document states none:
/// https://api.ncloud-docs.com/docs/en/createserverimage
public struct NCPProfile: ImageProfile {
    /// `ncp`
    public static let id = "ncp"

    /// Permission is given to login ids, and there is no step in which they accept it.
    public static let sharing = SharingTerms(needsAcceptance: false)

    private let context: ProfileContext

    /// The profile with this deployment's product and platform codes.
    public init(in context: ProfileContext) {
        self.context = context
    }

    // MARK: The document

    /// The `ServerImage` object.
    public func document(of subject: ProfiledImage) -> DocumentValue {
        let image = subject.image
        let details = image.details
        let state = State(image)
        var view = DocumentBuilder()
        view.add("serverImageNo", .string(image.id.rawValue))
        view.add("serverImageName", .string(details.name))
        view.add("serverImageDescription", details.description.isEmpty ? nil : details.description)
        view.add("serverImageType", code(of: .serverImageType, details))
        view.add("serverImageLifeCyclePhase", code(of: .lifeCyclePhase, details))
        view.add("hypervisorType", code(of: .hypervisorType, details))
        view.add("cpuArchitectureType", Self.architecture(of: details.os).map { Self.commonCode($0) })
        view.add("osCategoryType", Self.category(of: details.os).map { Self.commonCode($0) })
        view.add("osType", Self.osType(of: details.os).map { Self.commonCode($0) })
        view.add("serverImageStatusName", state.name)
        view.add("serverImageStatus", state.status)
        view.add("serverImageOperation", state.operation)
        view.add("serverImageProductCode", value(of: .productCode, details))
        view.add("createDate", .string(Self.date(image.createdAt)))
        let accounts = subject.members.filter { $0.status == .accepted }.map {
            DocumentValue.string($0.account.rawValue)
        }
        view.add("shareStatus", Self.shareStatus(isShared: !accounts.isEmpty))
        view.add("sharedLoginIdList", .array(accounts))
        view.add("platformCategoryCode", value(of: .platformCategoryCode, details))
        view.add("blockStorageMappingList", Self.storages(of: image))
        return view.document
    }

    /// The code pair of an image and the name it combines to.
    private struct State {
        let name: DocumentValue
        let status: DocumentValue
        let operation: DocumentValue

        init(_ image: Image) {
            (name, status, operation) =
                switch image.status {
                case .queued: ("initialized", Self.initiated, Self.idle)
                case .importing: ("creating", Self.initiated, Self.creating)
                case .active where image.operation == .copying: ("copying", Self.created, Self.copying)
                case .active: ("created", Self.created, Self.idle)
                case .failed: ("createFailed", Self.createFailed, Self.idle)
                // The document has no word for a creation that somebody took back; it is no usable image either.
                case .cancelled: (.ours("cancelled"), Self.createFailed, Self.idle)
                case .pendingDelete: (.ours("pending_delete"), Self.created, Self.terminating)
                case .deleting:
                    ("terminating", image.content == nil ? Self.createFailed : Self.created, Self.terminating)
                // With no operation the pair would be that of a created image, for those who look at no name.
                case .deleted:
                    ("terminated", image.content == nil ? Self.createFailed : Self.created, Self.terminating)
                }
        }

        private static let initiated = commonCode("INIT", "Server INIT state")
        private static let created = commonCode("CREAT", "Server created state")
        private static let createFailed = commonCode("CREFL", "CreateFailed")
        private static let idle = commonCode("NULL", "NULL OP")
        private static let creating = commonCode("CREAT", "Server CREAT OP")
        private static let copying = commonCode("COPY", "copy")
        private static let terminating = commonCode("TERMT", "terminate")
    }

    /// The document's `CommonCode`; the name of a code is the code where no name is known.
    private static func commonCode(_ code: String, _ name: String? = nil) -> DocumentValue {
        ["code": .string(code), "codeName": .string(name ?? code)]
    }

    /// The document requires the field and states no values for it.
    private static func shareStatus(isShared: Bool) -> DocumentValue {
        let word = DocumentValue.ours(isShared ? "shared" : "not_shared")
        return ["code": word, "codeName": word]
    }

    /// "Viewable after the server image is created": absent before.
    private static func storages(of image: Image) -> DocumentValue? {
        guard image.status == .active, let content = image.content else { return nil }
        return [["order": 0, "blockStorageSize": .integer(content.virtualSize)]]
    }

    /// `YYYY-MM-DDThh:mm:ss+0000`: the document's `Z` is the offset that its real answers spell in digits.
    private static func date(_ moment: Timestamp) -> String {
        String(moment.description.prefix(19)) + "+0000"
    }

    // MARK: Vendor fields that no message member carries

    private enum Field: String, CaseIterable {
        case serverImageType
        case lifeCyclePhase = "serverImageLifeCyclePhase"
        case hypervisorType
        case productCode = "serverImageProductCode"
        case platformCategoryCode

        /// The codes that the document lists; nil for free text.
        var codes: [String]? {
            switch self {
            case .serverImageType: ["NCP", "SELF"]
            case .lifeCyclePhase: ["IN_SERVICE", "FADE_OUT", "RETIRED"]
            case .hypervisorType: ["XEN", "KVM"]
            case .productCode, .platformCategoryCode: nil
            }
        }

        /// What holds when neither the image nor the deployment says: an image that a customer brings is his own.
        var fallback: String? {
            switch self {
            case .serverImageType: "SELF"
            case .lifeCyclePhase: "IN_SERVICE"
            case .hypervisorType, .productCode, .platformCategoryCode: nil
            }
        }
    }

    private func value(of field: Field, _ details: ImageDetails) -> String? {
        Self.text(field.rawValue, of: details) ?? context.fields[field.rawValue] ?? field.fallback
    }

    private func code(of field: Field, _ details: ImageDetails) -> DocumentValue? {
        value(of: field, details).map { Self.commonCode($0) }
    }

    private static func architecture(of os: OperatingSystem) -> String? {
        os.arch?.lowercased() == "x86_64" ? "X86_64" : nil
    }

    private static func category(of os: OperatingSystem) -> String? {
        switch os.type?.lowercased() {
        case "linux": "LINUX"
        case "windows": "WINDOWS"
        default: nil
        }
    }

    private static func osType(of os: OperatingSystem) -> String? {
        switch (category(of: os), os.distro?.lowercased()) {
        case ("LINUX", "centos"): "CENTOS"
        case ("LINUX", "ubuntu"): "UBUNTU"
        case ("WINDOWS", _): "WINDOWS"
        default: nil
        }
    }

    // MARK: Rules

    /// The rules of names, descriptions and codes, and the fields that the document requires.
    public func violations(of draft: ImageDraft) -> [Violation] {
        let details = draft.details
        var rules = RuleBook(draft)
        rules.require(
            .name,
            "3 to 30 ASCII letters, digits, - and _, a lower-case letter first, a lower-case letter or digit last",
            value: details.name, holds: Self.isName(details.name))
        rules.require(
            .description, "at most 1000 bytes", value: "\(details.description.utf8.count) bytes",
            holds: details.description.utf8.count <= 1_000)
        rules.require(
            .os, "arch is x86_64", value: details.os.arch ?? "absent", holds: Self.architecture(of: details.os) != nil)
        rules.require(
            .os, "type is linux or windows", value: details.os.type ?? "absent",
            holds: Self.category(of: details.os) != nil)
        rules.require(
            .os, "distro of a linux is centos or ubuntu", value: details.os.distro ?? "absent",
            holds: Self.category(of: details.os) != "LINUX" || Self.osType(of: details.os) != nil)
        rules.requireKnownFields(Self.id, Field.allCases.map(\.rawValue))
        for field in Field.allCases { judge(field, of: details, in: &rules) }
        return rules.violations
    }

    private func judge(_ field: Field, of details: ImageDetails, in rules: inout RuleBook) {
        let key = Self.propertyKey(field.rawValue)
        if let given = details.properties[key] {
            let rule = field.codes.map { "one of \($0.joined(separator: ", "))" } ?? "a text that is not empty"
            let text = Self.text(field.rawValue, of: details)
            rules.require(
                property: key, rule, value: given.shown,
                holds: text.map { field.codes?.contains($0) ?? !$0.isEmpty } ?? false)
        } else {
            rules.require(
                property: key, "required: set the property, or profiles.\(Self.id).fields in the configuration",
                value: "absent", holds: value(of: field, details) != nil)
        }
    }

    private static func isName(_ name: String) -> Bool {
        guard (3...30).contains(name.count), let first = name.first, let last = name.last else { return false }
        let isLower = { (character: Character) in character.isASCII && character.isLowercase }
        return isLower(first) && (isLower(last) || last.isASCII && last.isNumber)
            && name.allSatisfy { $0.isASCIIAlphanumeric || $0 == "-" || $0 == "_" }
    }

    // MARK: Preconditions

    /// A copy needs `CREAT` + `NULL`: an image whose operation runs is not copied again.
    public func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? {
        guard case .copy = work, image.operation == .copying else { return nil }
        return Failure(
            .imageBusy, "image \(image.id) is being copied; a server image is copied once at a time", stage: .planning)
    }
}

public import ImageModel

/// What is about to be said of an image: by an import, or by an update of an image that exists.
public struct ImageDraft: Hashable, Sendable {
    /// What the image would say, defaults filled in.
    public var details: ImageDetails
    /// The import, with what it says of the bytes; nil for an update.
    public var request: ImportRequest?
    /// The members that an update sets; what it leaves alone was judged before.
    private var changed: Set<Part>?

    /// The parts of a message that rules speak of.
    public enum Part: String, Sendable, CaseIterable {
        /// The image's own id.
        case id
        /// The name.
        case name
        /// The description.
        case description
        /// Who may see it.
        case visibility
        /// Whether deletes are refused.
        case protected
        /// The tags.
        case tags
        /// The smallest disk.
        case minimumDisk = "min_disk_gib"
        /// The least memory.
        case minimumRAM = "min_ram_mib"
        /// What it boots.
        case os
        /// Vendor fields.
        case properties
        /// The administrative state, which an update sets.
        case state
    }

    /// What an import says.
    public init(_ request: ImportRequest, details: ImageDetails) {
        self.details = details
        self.request = request
    }

    /// What an image would say after an update.
    public init(_ request: UpdateRequest, after details: ImageDetails) {
        self.details = details
        changed = Set(request.changes.compactMap(Part.init))
    }

    /// Whether the image does not exist yet.
    public var isNew: Bool { changed == nil }

    /// Whether a part is to be judged: all of a new image, of an update what it sets.
    public func concerns(_ part: Part) -> Bool { changed?.contains(part) ?? true }

    /// The JSON Pointer of a part in the message.
    public func path(_ part: Part) -> String { (isNew ? "/image/" : "/set/") + part.rawValue }

    /// The JSON Pointer of a property in the message (RFC 6901).
    public func path(property key: String) -> String {
        path(.properties) + "/" + key.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}

extension ImageDraft.Part {
    fileprivate init?(_ change: ImageChange) {
        switch change {
        case .name: self = .name
        case .description: self = .description
        case .visibility: self = .visibility
        case .isProtected: self = .protected
        case .tags: self = .tags
        case .minimumDiskGiB: self = .minimumDisk
        case .minimumRAMMiB: self = .minimumRAM
        case .os: self = .os
        case .state: self = .state
        case .properties: self = .properties
        case .restore: return nil
        }
    }
}

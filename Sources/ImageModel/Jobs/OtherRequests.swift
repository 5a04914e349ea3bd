/// What a copy message asks for.
public struct CopyRequest: Hashable, Sendable, Codable {
    /// The image to copy from.
    public var imageID: ImageID
    /// The store to copy to; nil for `default`.
    public var store: StoreName?
    /// The new image to make; nil for one more replica of the old one.
    public var newImage: NewImage?

    /// The image a copy makes.
    public struct NewImage: Hashable, Sendable, Codable {
        /// Chosen by the producer; nil: made by the worker.
        public var id: ImageID?
        /// 1 to 255 characters.
        public var name: String
        /// Defaults to the actor's account.
        public var owner: AccountID?

        /// A new image from its parts.
        public init(id: ImageID? = nil, name: String, owner: AccountID? = nil) {
            self.id = id
            self.name = name
            self.owner = owner
        }
    }

    /// A request from its parts.
    public init(imageID: ImageID, store: StoreName? = nil, newImage: NewImage? = nil) {
        self.imageID = imageID
        self.store = store
        self.newImage = newImage
    }

    /// The store to copy to, by its name.
    public var targetStore: StoreName { store ?? .default }
}

/// What a share message asks for.
public struct ShareRequest: Hashable, Sendable, Codable {
    /// The image to share.
    public var imageID: ImageID
    /// Which step of sharing.
    public var action: ShareAction
    /// The account it is about.
    public var member: AccountID

    /// A request from its parts.
    public init(imageID: ImageID, action: ShareAction, member: AccountID) {
        self.imageID = imageID
        self.action = action
        self.member = member
    }
}

/// The steps of sharing.
public enum ShareAction: String, Sendable, Codable, CaseIterable {
    /// By the owner.
    case offer
    /// By the member.
    case accept
    /// By the member.
    case reject
    /// By the owner.
    case revoke
}

/// What an update message asks for.
public struct UpdateRequest: Hashable, Sendable, Codable {
    /// The image to change.
    public var imageID: ImageID
    /// The members to set, by their names in messages; nil values clear.
    public var changes: [ImageChange]
    /// The revision the image must have; nil for any.
    public var ifRevision: Int64?

    /// A request from its parts.
    public init(imageID: ImageID, changes: [ImageChange], ifRevision: Int64? = nil) {
        self.imageID = imageID
        self.changes = changes
        self.ifRevision = ifRevision
    }
}

/// One member of an update's `set`. A nil value stands for `null`: back to the default.
public enum ImageChange: Hashable, Sendable, Codable {
    /// A new name; a name cannot be cleared.
    case name(String)
    /// A new description.
    case description(String?)
    /// Who may see it.
    case visibility(ImageVisibility?)
    /// Whether deletes are refused.
    case isProtected(Bool?)
    /// The whole list of tags.
    case tags([String]?)
    /// In GiB.
    case minimumDiskGiB(Int64?)
    /// In MiB.
    case minimumRAMMiB(Int64?)
    /// The whole description of the operating system.
    case os(OperatingSystem?)
    /// The administrative state, in the profile's words.
    case state(String?)
    /// Properties to set, or to remove where the value is nil; the others stay.
    case properties([String: PropertyValue?])
    /// `deleted: false`: take the image back from `pending_delete`.
    case restore
}

/// What a delete message asks for.
public struct DeleteRequest: Hashable, Sendable, Codable {
    /// The image to delete.
    public var imageID: ImageID
    /// The one store to delete it from; nil for the whole image.
    public var store: StoreName?

    /// A request from its parts.
    public init(imageID: ImageID, store: StoreName? = nil) {
        self.imageID = imageID
        self.store = store
    }
}

/// What a cancel message asks for.
public struct CancelRequest: Hashable, Sendable, Codable {
    /// The job to end.
    public var jobID: JobID

    /// A request for one job.
    public init(jobID: JobID) {
        self.jobID = jobID
    }
}

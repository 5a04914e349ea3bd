public import ImageModel

/// An image with all that a view of it may show.
public struct ProfiledImage: Hashable, Sendable {
    /// The image.
    public var image: Image
    /// The accounts it was offered to, whatever became of the offers, in the order of the accounts.
    public var members: [Member]

    /// An image with what belongs to it.
    public init(_ image: Image, members: [Member] = []) {
        self.image = image
        self.members = members
    }
}

/// What a profile knows of the deployment it works in.
public struct ProfileContext: Hashable, Sendable {
    /// Values of vendor fields that no job carries, by the field's name in the vendor's document.
    public var fields: [String: String]
    /// What the vendor calls each store, by our name for it.
    public var stores: [String: String]

    /// A context from its parts; empty by default.
    public init(fields: [String: String] = [:], stores: [String: String] = [:]) {
        self.fields = fields
        self.stores = stores
    }
}

extension ImageProfile {
    /// The key under which an image's properties carry a field of this vendor: `ims.__os_version`.
    static func propertyKey(_ field: String) -> String { "\(id).\(field)" }

    /// The value of a vendor's field that the image's properties carry.
    static func property(_ field: String, of details: ImageDetails) -> PropertyValue? {
        details.properties[propertyKey(field)]
    }

    /// The same as text; nil when it is no text.
    static func text(_ field: String, of details: ImageDetails) -> String? {
        if case .string(let text) = property(field, of: details) { text } else { nil }
    }
}

/// Where an image came from and who has touched it.
public struct Provenance: Hashable, Sendable, Codable {
    /// The URL its bytes were fetched from, without query; nil for a copy.
    public var sourceURL: String?
    /// Who asked for the image.
    public var creator: String?
    /// Who changed it last.
    public var editor: String?

    /// Provenance from its parts.
    public init(sourceURL: String? = nil, creator: String? = nil, editor: String? = nil) {
        self.sourceURL = sourceURL
        self.creator = creator
        self.editor = editor
    }
}

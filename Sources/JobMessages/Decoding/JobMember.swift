import ImageModel

/// The members of a job message, by kind: the table at the head of CONTRACT section 2.
enum JobMember {
    /// What every kind may have.
    static let common = [
        "version", "id", "kind", "priority", "actor", "after", "after_failed", "deadline", "max_attempts",
    ]

    /// What `kind` may have besides.
    static func own(_ kind: JobKind) -> [String] {
        switch kind {
        case .import: ["image", "source", "expect", "digests", "transform", "stores", "stores_require"]
        case .copy: ["image", "to"]
        case .share: ["image", "share"]
        case .update: ["image", "set", "if_revision"]
        case .delete: ["image", "delete"]
        case .cancel: ["job"]
        }
    }

    /// What `kind` must have, besides `version`, `kind` and an id.
    static func required(_ kind: JobKind) -> [String] {
        switch kind {
        case .import: ["image", "source"]
        case .copy: ["image", "to"]
        case .share: ["image", "share"]
        case .update: ["image", "set"]
        case .delete: ["image"]
        case .cancel: ["job"]
        }
    }
}

extension StoreName {
    /// What the names of scratch spaces begin with; no configured store can be named so.
    private static var scratchPrefix: String { "scratch:" }

    /// The name under which the catalog keeps account of a scratch space; nil when `id` is not fit for one.
    public static func scratch(_ id: String) -> StoreName? { StoreName(scratchPrefix + id) }

    /// Whether this names a scratch space.
    public var isScratch: Bool { rawValue.hasPrefix(Self.scratchPrefix) }
}

public import ImageModel

/// Findings of the inspector that are warnings for some profiles or stores (`inspect.relax` of the configuration).
public struct RelaxedRules: Sendable, Hashable {
    /// Names of profiles and stores, by rule.
    public var names: [SafetyRule: Set<String>]

    /// Nothing is forgiven unless given.
    public init(_ names: [SafetyRule: Set<String>] = [:]) {
        self.names = names
    }

    /// The rules that are relaxed for an image: for its profile, or for each store that it goes to.
    public func rules(for profile: String?, stores: [StoreName]) -> Set<SafetyRule> {
        let relaxed = names.filter { _, names in
            let isProfile = profile.map(names.contains) ?? false
            return isProfile || (!stores.isEmpty && stores.allSatisfy { names.contains($0.rawValue) })
        }
        return Set(relaxed.keys)
    }
}

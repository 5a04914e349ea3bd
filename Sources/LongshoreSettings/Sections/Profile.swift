extension Settings {
    /// What a vendor's profile knows of this installation.
    public struct Profile: Sendable, Hashable {
        /// Values of vendor fields that no job carries, by field.
        public var fields: [String: String]
        /// What the vendor calls each store, by store.
        public var stores: [String: String]
        /// How long a deleted image can be restored; nil: as any other.
        public var pendingDelete: Duration?

        static func all(reading reader: inout SettingsReader) -> [String: Self] {
            var profiles: [String: Self] = [:]
            for name in reader.names(below: "profiles") {
                profiles[name] = Self(
                    fields: pairs(reader.value(OperationKeys.profileFields, of: name)),
                    stores: pairs(reader.value(OperationKeys.profileStores, of: name)),
                    pendingDelete: reader.value(OperationKeys.profilePendingDelete, of: name))
            }
            return profiles
        }

        /// The last of several values for one name wins, as in the file.
        private static func pairs(_ texts: [String]) -> [String: String] {
            texts.reduce(into: [:]) { pairs, text in
                let parts = text.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { pairs[String(parts[0])] = String(parts[1]) }
            }
        }
    }
}

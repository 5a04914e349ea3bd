extension Settings {
    /// Digest lists that must be signed.
    public struct SignedLists: Sendable, Hashable {
        /// URL prefixes of the lists; never empty.
        public var urls: [String]
        /// The path of the keyring whose keys may sign them.
        public var keyring: String

        static func all(reading reader: inout SettingsReader) -> [String: SignedLists] {
            var lists: [String: SignedLists] = [:]
            for name in reader.names(below: "digest_lists") {
                let isNamed = reader.acceptsName(name, below: "digest_lists")
                let urls = reader.value(DigestListKeys.urls, of: name)
                if urls.isEmpty, !reader.hasRejected(DigestListKeys.urls, of: name) {
                    reader.add("digest_lists.\(name).urls", "is missing: it says which lists must be signed")
                }
                let keyring = reader.required(DigestListKeys.keyring, of: name, "it holds the keys that may sign")
                guard let keyring, isNamed else { continue }
                lists[name] = SignedLists(urls: urls, keyring: keyring)
            }
            return lists
        }
    }
}

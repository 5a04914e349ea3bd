/// Every key there is, in the order of the documentation. Parser, check for unknown keys, table and tests read this.
enum KeyRegistry {
    static let all: [any ConfigurationKey] =
        BrokerKeys.all + StorageKeys.all + CredentialKeys.all + FetchKeys.all + DigestListKeys.all
        + LimitKeys.all + WorkerKeys.all + OperationKeys.all

    /// The key and the operator's name in it that a path from the file spells; the path may be that of a `…_file`.
    static func match(_ path: [String]) -> (key: any ConfigurationKey, name: String?)? {
        for key in all where key.path.count == path.count {
            let name = key.placeholder.map { path[$0] }
            if key.path(named: name) == path || (key.mayComeFromFile && key.filePath(named: name) == path) {
                return (key, name)
            }
        }
        return nil
    }

    /// Every path that a reader might have meant where `path` stands, with the operator's names taken from there.
    static func candidates(near path: [String]) -> [String] {
        all.flatMap { key in
            let name = key.placeholder.flatMap { $0 < path.count ? path[$0] : nil }
            let plain = key.path(named: name)
            return (key.mayComeFromFile ? [plain, key.filePath(named: name)] : [plain])
                .map { $0.joined(separator: ".") }
        }
    }
}

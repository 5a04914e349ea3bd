extension KeyRegistry {
    /// Keys of the contract that this version reads and checks and does nothing with: the table says so, and whoever
    /// sets one is told.
    ///
    /// Each entry stands for the key itself and all below it. An entry goes when what it promises is there.
    static let notInEffect = [
        "worker.scratch", "retention.pending_delete", "admin",
    ]

    /// Whether a key is read and checked, and nothing more.
    static func isInEffect(_ key: any ConfigurationKey) -> Bool {
        let written = key.path.joined(separator: ".")
        return !notInEffect.contains { written == $0 || written.hasPrefix($0 + ".") }
    }
}

extension Settings {
    /// Warns of every key that is set and does nothing yet.
    func checkInEffect(_ reader: inout SettingsReader) {
        for key in KeyRegistry.all where !KeyRegistry.isInEffect(key) {
            let section = key.placeholder.map { Array(key.path[..<$0]) }
            let names = section.map { reader.names(below: $0).map(Optional.some) } ?? [nil]
            for name in names where reader.says(key, of: name) {
                let written = key.path(named: name).joined(separator: ".")
                reader.warn("\(written) is set, but this version does not do that yet")
            }
        }
    }
}

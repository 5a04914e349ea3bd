extension Settings {
    /// What a reader needs to know of one key.
    public struct DocumentedKey: Sendable, Hashable {
        /// The key as in the file, such as `stores.<name>.url`.
        public let key: String
        /// The environment variable that sets it, such as `LONGSHORE_STORES_<NAME>_URL`.
        public let variable: String
        /// The kind of value, such as `duration` or `list of words`.
        public let type: String
        /// What is accepted.
        public let allowed: String
        /// The default as it would be written; nil when there is none.
        public let defaultValue: String?
        /// Whether the value may come from the file that `<key>_file` names.
        public let mayComeFromFile: Bool
        /// What it is for, in one sentence.
        public let summary: String
    }

    /// Every key there is, in a good order for reading.
    public static let documentation: [DocumentedKey] = KeyRegistry.all.map { key in
        DocumentedKey(
            key: key.path.joined(separator: "."),
            variable: (["LONGSHORE"] + key.path.map { $0.uppercased() }).joined(separator: "_"),
            type: key.kind, allowed: key.allowed, defaultValue: key.defaultText, mayComeFromFile: key.mayComeFromFile,
            summary: key.summary)
    }

    /// ``documentation`` as a Markdown table, the one in the README.
    public static var documentationTable: String {
        var lines = ["| key | type | default | |", "|---|---|---|---|"]
        for key in documentation {
            let words = key.type.hasSuffix("word") || key.type.hasSuffix("words") ? ": \(key.allowed)" : ""
            let type = key.type + words + (key.mayComeFromFile ? ", or `…_file`" : "")
            let standard = key.defaultValue.map { "`\($0)`" } ?? ""
            lines.append("| `\(key.key)` | \(type) | \(standard) | \(key.summary) |")
        }
        return lines.joined(separator: "\n")
    }
}

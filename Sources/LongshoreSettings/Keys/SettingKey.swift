/// A key of the configuration, whatever its type: what documentation, lookup and the check for unknown keys need.
protocol ConfigurationKey: Sendable {
    /// The names from the top of the file down; a `<name>` stands for any name.
    var path: [String] { get }
    var kind: String { get }
    var allowed: String { get }
    var defaultText: String? { get }
    var summary: String { get }
    var isList: Bool { get }
    /// Whether the value may also come from the file that `<key>_file` names.
    var mayComeFromFile: Bool { get }
}

extension ConfigurationKey {
    /// Where a name that the operator chooses stands in the path.
    var placeholder: Int? { path.firstIndex { $0.hasPrefix("<") } }

    /// The path with the operator's name in it.
    func path(named name: String?) -> [String] {
        guard let placeholder, let name else { return path }
        var path = path
        path[placeholder] = name
        return path
    }

    /// The path of the key that names a file with the value.
    func filePath(named name: String?) -> [String] {
        let path = path(named: name)
        return path.dropLast() + ["\(path.last ?? "")_file"]
    }
}

/// A key with the type of its value: the single description that parser, documentation and tests share.
struct SettingKey<Value: Sendable & Equatable>: ConfigurationKey {
    /// What a list of texts (one, unless the key is a list) means.
    enum Outcome {
        case value(Value)
        /// The text that is not allowed, as far as it may be shown.
        case refused(String?)
    }

    let path: [String]
    let kind: String
    let allowed: String
    let defaultText: String?
    let summary: String
    let isList: Bool
    let mayComeFromFile: Bool
    let fallback: Value
    let parse: @Sendable ([String]) -> Outcome

    private init<Element>(
        _ path: String, _ form: ValueForm<Element>, fallback: Value, defaultText: String?, isList: Bool,
        mayComeFromFile: Bool, summary: String, parse: @escaping @Sendable ([String]) -> Outcome
    ) {
        self.path = path.split(separator: ".").map(String.init)
        self.kind = isList ? "list of \(form.kind)\(form.kind.hasSuffix("x") ? "es" : "s")" : form.kind
        self.allowed = form.allowed
        self.defaultText = defaultText
        self.summary = summary
        self.isList = isList
        self.mayComeFromFile = mayComeFromFile
        self.fallback = fallback
        self.parse = parse
    }

    private static func one<Element>(
        _ form: ValueForm<Element>, _ wrap: @escaping @Sendable (Element) -> Value
    ) -> @Sendable ([String]) -> Outcome {
        { texts in
            let text = texts.first ?? ""
            return form.parse(text).map { .value(wrap($0)) } ?? .refused(form.shown(text))
        }
    }

    /// A key with a default.
    init(_ path: String, _ form: ValueForm<Value>, default fallback: Value, _ summary: String) {
        self.init(
            path, form, fallback: fallback, defaultText: form.text(fallback), isList: false,
            mayComeFromFile: form.disclosure != .whole, summary: summary, parse: Self.one(form) { $0 })
    }

    /// A key that may be absent.
    init<Wrapped>(_ path: String, _ form: ValueForm<Wrapped>, _ summary: String) where Value == Wrapped? {
        self.init(
            path, form, fallback: nil, defaultText: nil, isList: false, mayComeFromFile: form.disclosure != .whole,
            summary: summary, parse: Self.one(form) { $0 })
    }

    /// A key with any number of values.
    init<Element>(
        _ path: String, each form: ValueForm<Element>, default fallback: [Element] = [], _ summary: String
    ) where Value == [Element] {
        self.init(
            path, form, fallback: fallback,
            defaultText: fallback.isEmpty ? nil : fallback.map(form.text).joined(separator: ","), isList: true,
            mayComeFromFile: form.disclosure != .whole, summary: summary
        ) { texts in
            var values: [Element] = []
            for text in texts {
                guard let value = form.parse(text) else { return .refused(form.shown(text)) }
                values.append(value)
            }
            return .value(values)
        }
    }
}

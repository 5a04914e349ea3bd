import Configuration
import Foundation

/// Looks keys up, the environment first, and collects what is wrong with their values.
struct SettingsReader {
    /// A place where settings stand.
    private struct Source {
        let paths: Set<[String]>
        let snapshot: any ConfigSnapshot
        /// How this place spells a path.
        let spelling: ([String]) -> String
        /// What the snapshot expects before a path.
        let prefix: [String]
    }

    /// A value as it was written, and how the place where it was found spells its key.
    private enum Found {
        case nothing
        case texts([String], key: String)
        case refused(key: String)
    }

    private(set) var problems: [SettingsError.Problem] = []
    private(set) var warnings: [String] = []
    /// The keys that were asked for: tests hold them against the registry.
    private(set) var asked: Set<String> = []
    private var rejected: Set<[String]> = []
    private var sources: [Source] = []

    init(file: ConfigurationFile?, environment: [String: String]) {
        let variables = EnvironmentVariables(environment, known: file?.paths ?? [])
        warnings = variables.warnings
        sources.append(
            Source(
                paths: Set(variables.paths), snapshot: variables.snapshot, spelling: EnvironmentVariables.name,
                prefix: ["longshore"]))
        guard let file else { return }
        problems = file.problems
        if let snapshot = file.snapshot {
            sources.append(
                Source(
                    paths: Set(file.paths), snapshot: snapshot, spelling: { $0.joined(separator: ".") }, prefix: []))
        }
        for path in file.paths where KeyRegistry.match(path) == nil {
            let written = path.joined(separator: ".")
            let meant = NearMiss.of(written, among: KeyRegistry.candidates(near: path))
            add(written, "is no setting\(meant.map { "; did you mean \($0)?" } ?? "")")
        }
    }

    /// The value of a key, or its default when it is absent or wrong; what is wrong becomes a problem.
    mutating func value<Value>(_ key: SettingKey<Value>, of name: String? = nil) -> Value {
        asked.insert(key.path.joined(separator: "."))
        guard case .texts(let texts, let spelled) = find(key, of: name) else { return key.fallback }
        switch key.parse(texts) {
        case .value(let value): return value
        case .refused(let shown):
            let written = shown.map { "'\($0)' is not allowed" } ?? "the value is not allowed"
            reject(key, of: name, spelled, "\(written); allowed is \(key.allowed)")
            return key.fallback
        }
    }

    /// The value of a key that must be there in this context.
    mutating func required<Value>(_ key: SettingKey<Value?>, of name: String?, _ why: String) -> Value? {
        let value = value(key, of: name)
        if value == nil, !hasRejected(key, of: name) {
            add(key.path(named: name).joined(separator: "."), "is missing: \(why)")
        }
        return value
    }

    /// The values of a list that may be absent, but not there and empty: a restriction to nobody is a mistake, and must
    /// not be taken for none.
    mutating func nonEmpty<Element>(_ key: SettingKey<[Element]>, of name: String) -> [Element] {
        let values = value(key, of: name)
        if values.isEmpty, says(key, of: name), !hasRejected(key, of: name) {
            add(key.path(named: name).joined(separator: "."), "is an empty list; leave it out to restrict nothing")
        }
        return values
    }

    /// Whether the key's value was wrong, so that nobody complains of its absence too.
    func hasRejected(_ key: any ConfigurationKey, of name: String?) -> Bool {
        rejected.contains(key.path(named: name))
    }

    /// Whether a name that an operator chose is one that the environment can spell; a problem if not.
    mutating func acceptsName(_ name: String, below section: String) -> Bool {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, name.count <= 64, name.first?.isLetter == true || name.first?.isNumber == true else {
            add(section, "'\(name)' is not allowed as a name; allowed are a-z, 0-9, - and _, at most 64 in all")
            return false
        }
        return true
    }

    /// Whether any place says anything about a key.
    func says(_ key: any ConfigurationKey, of name: String?) -> Bool {
        let paths = [key.path(named: name), key.filePath(named: name)]
        return sources.contains { source in paths.contains { source.paths.contains($0) } }
    }

    /// The names that operators gave below a section such as `stores`, in order.
    func names(below section: String...) -> [String] {
        names(below: section)
    }

    /// The same, for a section that is not known before.
    func names(below section: [String]) -> [String] {
        let paths = sources.flatMap(\.paths).filter { $0.starts(with: section) && KeyRegistry.match($0) != nil }
        return Set(paths.map { $0[section.count] }).sorted()
    }

    /// Adds a problem that no single value shows.
    mutating func add(_ key: String, _ message: String) {
        problems.append(.init(key: key, message: message))
    }

    /// Adds what does no harm but is hardly meant.
    mutating func warn(_ message: String) {
        warnings.append(message)
    }

    private mutating func reject(_ key: any ConfigurationKey, of name: String?, _ spelled: String, _ message: String) {
        rejected.insert(key.path(named: name))
        add(spelled, message)
    }

    private mutating func find(_ key: any ConfigurationKey, of name: String?) -> Found {
        let plain = key.path(named: name)
        let file = key.filePath(named: name)
        for source in sources {
            let fromFile = key.mayComeFromFile && source.paths.contains(file)
            switch (source.paths.contains(plain), fromFile) {
            case (false, false): continue
            case (true, false): return texts(in: source, at: plain, isList: key.isList, key, name)
            case (false, true): return contents(in: source, at: file, key, name)
            case (true, true):
                reject(key, of: name, source.spelling(plain), "is given twice: \(source.spelling(file)) is set too")
                return .refused(key: source.spelling(plain))
            }
        }
        return .nothing
    }

    private mutating func texts(
        in source: Source, at path: [String], isList: Bool, _ key: any ConfigurationKey, _ name: String?
    ) -> Found {
        let absolute = AbsoluteConfigKey(source.prefix + path)
        let spelled = source.spelling(path)
        func content(_ type: ConfigType) -> ConfigContent? {
            (try? source.snapshot.value(forKey: absolute, type: type))?.value?.content
        }
        if isList, case .stringArray(let texts) = content(.stringArray) { return .texts(texts, key: spelled) }
        if case .string(let text) = content(.string) {
            return .texts(isList ? Self.list(text) : [text], key: spelled)
        }
        reject(key, of: name, spelled, "is a list; one value is allowed: \(key.allowed)")
        return .refused(key: spelled)
    }

    /// The value in the file that a `…_file` key names, without the line end that editors add.
    private mutating func contents(
        in source: Source, at path: [String], _ key: any ConfigurationKey, _ name: String?
    ) -> Found {
        guard case .texts(let names, let spelled) = texts(in: source, at: path, isList: false, key, name),
            let file = names.first
        else { return .refused(key: source.spelling(path)) }
        guard let handle = FileHandle(forReadingAtPath: file),
            let data = try? handle.read(upToCount: 64 << 10), let text = String(data: data, encoding: .utf8)
        else {
            reject(key, of: name, spelled, "the file '\(file)' cannot be read")
            return .refused(key: spelled)
        }
        let value = text.trimmingCharacters(in: .newlines)
        return .texts(key.isList ? Self.list(value) : [value], key: spelled)
    }

    private static func list(_ text: String) -> [String] {
        text.split { $0 == "," || $0.isNewline }.map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

import Configuration

/// The `LONGSHORE_*` variables: which key each of them sets, and their values as a snapshot of swift-configuration.
struct EnvironmentVariables: Sendable {
    /// Names the file; no key of its own.
    static let configurationFile = "LONGSHORE_CONFIG"

    let snapshot: any ConfigSnapshot
    /// What the variables set, by path of the key.
    private(set) var paths: [[String]] = []
    private(set) var warnings: [String] = []

    /// Reads the variables. An empty one counts as not set, as compose files and manifests leave them.
    ///
    /// - Parameter known: paths that the file sets; a name chosen there is recognised here, whatever its spelling.
    init(_ environment: [String: String], known: [[String]]) {
        let ours = environment.filter { $0.key.hasPrefix("LONGSHORE_") && !$0.value.isEmpty }
        snapshot = EnvironmentVariablesProvider(environmentVariables: ours, secretsSpecifier: .all).snapshot()
        let spellings = Self.spellings(namesIn: known)
        for variable in ours.keys.sorted() where variable != Self.configurationFile {
            if let path = spellings[variable] ?? Self.guess(variable) {
                paths.append(path)
            } else {
                let meant = NearMiss.of(variable, among: spellings.keys.sorted()).map { "; did you mean \($0)?" } ?? ""
                warnings.append("\(variable) is no setting and was ignored\(meant)")
            }
        }
    }

    /// The variable that sets a path: `stores.eu-2.url` is `LONGSHORE_STORES_EU_2_URL`.
    static func name(for path: [String]) -> String {
        // The provider that will look the variable up is the one to say how it spells it.
        let provider = EnvironmentVariablesProvider(environmentVariables: [:])
        let key = AbsoluteConfigKey(["longshore"] + path)
        return (try? provider.value(forKey: key, type: .string).encodedKey) ?? ""
    }

    /// The variables of all keys, those with names taken from the file included.
    private static func spellings(namesIn known: [[String]]) -> [String: [String]] {
        var spellings: [String: [String]] = [:]
        for key in KeyRegistry.all {
            var names: [String?] = [nil]
            if let placeholder = key.placeholder {
                let siblings = known.filter { $0.count > placeholder && $0.starts(with: key.path[..<placeholder]) }
                names = Set(siblings.map { $0[placeholder] }).sorted()
            }
            for name in names {
                let plain = key.path(named: name)
                for path in key.mayComeFromFile ? [plain, key.filePath(named: name)] : [plain] {
                    spellings[self.name(for: path)] = path
                }
            }
        }
        return spellings
    }

    /// The path of a variable with a name that only the environment knows: in lower case, with `-` for `_`.
    ///
    /// `LONGSHORE_CREDENTIALS_A_SESSION_TOKEN` could be the `token` of `a-session`; the longest key wins.
    private static func guess(_ variable: String) -> [String]? {
        var best: (length: Int, path: [String])?
        for key in KeyRegistry.all {
            guard let placeholder = key.placeholder else { continue }
            let prefix = name(for: Array(key.path[..<placeholder])) + "_"
            let plain = Array(key.path[(placeholder + 1)...])
            let ends = key.mayComeFromFile ? [plain, key.filePath(named: nil).suffix(plain.count)] : [plain]
            for end in ends {
                let suffix = end.map { "_" + $0.uppercased() }.joined()
                guard variable.hasPrefix(prefix), variable.hasSuffix(suffix),
                    variable.count > prefix.count + suffix.count, suffix.count >= best?.length ?? 0
                else { continue }
                let name = variable.dropFirst(prefix.count).dropLast(suffix.count)
                let chosen = name.lowercased().replacing("_", with: "-")
                best = (suffix.count, key.path[..<placeholder] + [chosen] + end)
            }
        }
        return best?.path
    }
}

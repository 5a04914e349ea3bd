public import ImageModel

extension Settings {
    /// How events and replies are sent.
    public struct Events: Sendable, Hashable {
        /// Least time between two progress events of a job.
        public var progressInterval: Duration
        /// Patterns of queue names to which replies may go; `*` stands for any text.
        public var replyTo: [String]

        init(reading reader: inout SettingsReader) {
            progressInterval = reader.value(OperationKeys.progress)
            replyTo = reader.value(OperationKeys.replyTo)
        }
    }

    /// What is kept how long.
    public struct Retention: Sendable, Hashable {
        /// An ended job's id.
        public var jobs: Duration
        /// Events.
        public var history: Duration
        /// A deleted image that can be restored; zero: none can.
        public var pendingDelete: Duration
        /// What is left in stores and needed by no job.
        public var staging: Duration

        init(reading reader: inout SettingsReader) {
            jobs = reader.value(OperationKeys.jobs)
            history = reader.value(OperationKeys.history)
            pendingDelete = reader.value(OperationKeys.pendingDelete)
            staging = reader.value(OperationKeys.staging)
        }
    }

    /// Findings of the inspection that are forgiven.
    public struct Inspect: Sendable, Hashable {
        /// Profiles or stores for which a rule's finding is a warning, by rule; only rules that can be relaxed.
        public var relax: [SafetyRule: Set<String>]

        /// `-` and `_` are one in the name of a rule, because an environment variable cannot tell them apart.
        init(reading reader: inout SettingsReader) {
            relax = [:]
            for name in reader.names(below: "inspect", "relax") {
                let names = reader.value(OperationKeys.relax, of: name)
                let rule = SafetyRule(rawValue: name.replacing("-", with: "_"))
                guard let rule, rule.entry.isRelaxable else {
                    let relaxable = SafetyRule.allCases.filter(\.entry.isRelaxable).map(\.rawValue)
                    reader.add(
                        "inspect.relax.\(name)",
                        "\(rule == nil ? "is no inspection rule" : "names a rule that cannot be relaxed"); "
                            + "allowed is \(relaxable.joined(separator: ", "))")
                    continue
                }
                relax[rule, default: []].formUnion(names)
            }
        }
    }

    /// Questions about images and jobs.
    public struct Admin: Sendable, Hashable {
        /// Where it listens.
        public var listen: ListenAddress
        /// Its bearer token; never nil when ``listen`` is not loopback.
        public var token: Secret?

        init(reading reader: inout SettingsReader) {
            listen = reader.value(OperationKeys.admin)
            token = reader.value(OperationKeys.adminToken)
        }
    }

    /// Probes and metrics.
    public struct Health: Sendable, Hashable {
        /// Where they listen.
        public var listen: ListenAddress

        init(reading reader: inout SettingsReader) {
            listen = reader.value(OperationKeys.health)
        }
    }

    /// What one RabbitMQ user may publish; nil in a part: everything.
    public struct Publisher: Sendable, Hashable {
        /// Accounts for which it may speak.
        public var accounts: [AccountID]?
        /// Kinds of job.
        public var kinds: [JobKind]?
        /// Profiles it may name.
        public var profiles: [String]?

        static func all(reading reader: inout SettingsReader) -> [String: Publisher] {
            var publishers: [String: Publisher] = [:]
            for user in reader.names(below: "access", "publishers") {
                let accounts = reader.value(OperationKeys.accounts, of: user)
                let kinds = reader.value(OperationKeys.kinds, of: user)
                let profiles = reader.value(OperationKeys.profiles, of: user)
                publishers[user] = Publisher(
                    accounts: reader.says(OperationKeys.accounts, of: user) ? accounts : nil,
                    kinds: reader.says(OperationKeys.kinds, of: user) ? kinds : nil,
                    profiles: reader.says(OperationKeys.profiles, of: user) ? profiles : nil)
            }
            return publishers
        }
    }
}

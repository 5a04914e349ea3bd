public import ImageModel

/// The whole configuration of Longshore, checked: what `longshore.yaml` and the `LONGSHORE_*` variables say, else the
/// defaults.
///
/// Printing it shows no secret.
public struct Settings: Sendable, Hashable {
    /// Names this installation in the `source` of its events, `/longshore/<cluster>`.
    public var cluster: String
    /// The RabbitMQ to work with.
    public var broker: Broker
    /// The catalog.
    public var catalog: Catalog
    /// The stores by name; at least one.
    public var stores: [StoreName: Store]
    /// The credentials by name.
    public var credentials: [String: Credential]
    /// From where and how patiently images are fetched.
    public var fetch: Fetch
    /// Digest lists that must be signed, by the operator's names.
    public var digestLists: [String: SignedLists]
    /// What is too much.
    public var limits: Limits
    /// What this worker does, and how much of it at once.
    public var worker: Worker
    /// How workers tell the living from the dead.
    public var lease: Lease
    /// How long to wait before a retry.
    public var retry: Retry
    /// How events and replies are sent.
    public var events: Events
    /// What is kept how long.
    public var retention: Retention
    /// Findings of the inspection that are forgiven.
    public var inspect: Inspect
    /// The live page.
    public var admin: Admin
    /// Probes and metrics.
    public var health: Health
    /// What single RabbitMQ users may publish; who is not named here may publish everything.
    public var publishers: [String: Publisher]
    /// What vendors' profiles know of this installation, by profile.
    public var profiles: [String: Profile]

    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - file: a YAML file. Absent: the one that `LONGSHORE_CONFIG` names, else `longshore.yaml` in the working
    ///     directory if there is one. A file that is named must be there.
    ///   - environment: the variables of the process; they win over the file, and empty ones count as not set.
    /// - Returns: the settings, and one sentence for each thing that does no harm but is hardly meant, such as an
    ///   unknown `LONGSHORE_*` variable.
    /// - Throws: ``SettingsError`` with everything that is wrong.
    public static func load(
        file: String?, environment: [String: String]
    ) throws(SettingsError) -> (Settings, warnings: [String]) {
        var reader = SettingsReader(file: configurationFile(file, environment), environment: environment)
        let settings = Settings(reading: &reader)
        settings.checkTogether(&reader)
        guard reader.problems.isEmpty else { throw SettingsError(problems: reader.problems) }
        return (settings, reader.warnings)
    }

    init(reading reader: inout SettingsReader) {
        cluster = reader.value(BrokerKeys.cluster)
        broker = Broker(reading: &reader)
        catalog = Catalog(reading: &reader)
        stores = Store.all(reading: &reader)
        credentials = Credential.all(reading: &reader)
        fetch = Fetch(reading: &reader)
        digestLists = SignedLists.all(reading: &reader)
        limits = Limits(reading: &reader)
        worker = Worker(reading: &reader)
        lease = Lease(reading: &reader)
        retry = Retry(reading: &reader)
        events = Events(reading: &reader)
        retention = Retention(reading: &reader)
        inspect = Inspect(reading: &reader)
        admin = Admin(reading: &reader)
        health = Health(reading: &reader)
        publishers = Publisher.all(reading: &reader)
        profiles = Profile.all(reading: &reader)
    }

    private static func configurationFile(_ named: String?, _ environment: [String: String]) -> ConfigurationFile? {
        let byVariable = environment[EnvironmentVariables.configurationFile].flatMap { $0.isEmpty ? nil : $0 }
        if let explicit = named ?? byVariable { return ConfigurationFile(reading: explicit) }
        let standard = "longshore.yaml"
        return ConfigurationFile.exists(standard) ? ConfigurationFile(reading: standard) : nil
    }
}

import ImageModel

/// What is told to whom, what is kept how long, and what is forgiven.
enum OperationKeys {
    static let progress = SettingKey(
        "events.progress_interval", .duration(atLeast: .milliseconds(10)), default: .seconds(2),
        "Least time between two progress events of a job.")
    static let replyTo = SettingKey(
        "events.reply_to",
        each: .text("pattern", allowed: "a queue name, `*` for any text") { !$0.isEmpty && $0.utf8.count <= 255 },
        default: ["amq.rabbitmq.reply-to.*", "amq.gen-*", "reply.*"],
        "Queues to which a job may ask for its reply; never those of `broker.prefix`.")

    static let jobs = SettingKey(
        "retention.jobs", .duration(atLeast: .seconds(1)), default: days(30),
        "How long an ended job's id is remembered.")
    static let history = SettingKey(
        "retention.history", .duration(), default: days(365), "How long events are kept.")
    static let pendingDelete = SettingKey(
        "retention.pending_delete", .duration(), default: .zero, "How long a deleted image can be restored.")
    static let staging = SettingKey(
        "retention.staging", .duration(atLeast: .seconds(1)), default: days(7),
        "Age from which the sweeper removes what no job needs.")

    static let relax = SettingKey(
        "inspect.relax.<rule>", each: .name(atMost: 64),
        "Profiles or stores for which a finding of this inspection rule is a warning.")

    static let admin = SettingKey(
        "admin.listen", .address, default: ListenAddress(host: "127.0.0.1", port: 8_474),
        "`/v1/images` and `/v1/jobs`, read-only.")
    static let adminToken = SettingKey<Secret?>(
        "admin.token", .secret(atLeast: 16),
        "Bearer token that every request there must show; required on any but loopback.")
    static let health = SettingKey(
        "health.listen", .address, default: ListenAddress(host: "127.0.0.1", port: 8_475),
        "`/healthz`, `/readyz`, `/metrics`.")

    static let accounts = SettingKey(
        "access.publishers.<user>.accounts", each: .account, "Accounts for which this RabbitMQ user may publish.")
    static let kinds = SettingKey(
        "access.publishers.<user>.kinds", each: ValueForm<JobKind>.word(), "Kinds of job it may publish.")
    static let profiles = SettingKey(
        "access.publishers.<user>.profiles", each: .name(atMost: 64), "Profiles it may name.")

    static let profileFields = SettingKey(
        "profiles.<name>.fields", each: pair,
        "Vendor fields that no job carries, as `field=value`: `hypervisorType=KVM`.")
    static let profileStores = SettingKey(
        "profiles.<name>.stores", each: pair, "What the vendor calls each store, as `store=id`.")

    static let profilePendingDelete = SettingKey<Duration?>(
        "profiles.<name>.pending_delete", .duration(),
        "How long a deleted image of this profile can be restored, instead of `retention.pending_delete`.")

    static let all: [any ConfigurationKey] = [
        progress, replyTo, jobs, history, pendingDelete, staging, relax, admin, adminToken, health, accounts, kinds,
        profiles, profileFields, profileStores, profilePendingDelete,
    ]

    private static let pair = ValueForm<String>.text("name=value", allowed: "a name, `=` and a value") { text in
        text.split(separator: "=", maxSplits: 1).count == 2
    }

    private static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}

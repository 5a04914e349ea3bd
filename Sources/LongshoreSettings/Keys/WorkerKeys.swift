/// What a worker does, how much of it at once, and how long it waits.
enum WorkerKeys {
    static let imports = slots("import", 4)
    static let copies = slots("copy", 2)
    static let shares = slots("share", 8)
    static let updates = slots("update", 8)
    static let deletes = slots("delete", 4)
    static let backlog = SettingKey(
        "worker.intake.backlog", .count(1...100_000_000), default: 10_000,
        "Waiting jobs of a kind in the catalog, and ten times as many behind others; beyond it messages stay on the broker."
    )
    static let roles = SettingKey(
        "worker.roles", each: .word(), default: Settings.Role.allCases, "What this worker does.")
    static let drain = SettingKey(
        "worker.drain", .duration(), default: .seconds(30), "Time that running jobs get after SIGTERM.")
    static let startTimeout = SettingKey(
        "worker.start_timeout", .duration(), default: .seconds(30),
        "How long to wait at start for broker, catalog and stores that are away; 0: give up at once.")
    static let unknownGrace = SettingKey(
        "worker.unknown_grace", .duration(), default: .seconds(60), "How long a job waits for an unknown image.")
    static let scratch = SettingKey<String?>(
        "worker.scratch.path", .path, "Folder for conversions; without it `convert_to` is refused.")

    static let lease = SettingKey(
        "lease.duration", .duration(atLeast: .seconds(1)), default: .seconds(30),
        "How long after its last sign of life a worker's jobs are taken over.")
    static let renew = SettingKey(
        "lease.renew", .duration(atLeast: .milliseconds(10)), default: .seconds(10),
        "How often a worker gives a sign of life; less than half of `lease.duration`.")
    static let retryBase = SettingKey(
        "retry.base", .duration(atLeast: .milliseconds(1)), default: .seconds(1), "Wait before the first retry.")
    static let retryMax = SettingKey(
        "retry.max", .duration(atLeast: .milliseconds(1)), default: .seconds(300), "Longest wait before a retry.")

    static let all: [any ConfigurationKey] = [
        imports, copies, shares, updates, deletes, backlog, roles, drain, startTimeout, unknownGrace, scratch, lease,
        renew,
        retryBase, retryMax,
    ]

    private static func slots(_ kind: String, _ count: Int) -> SettingKey<Int> {
        SettingKey(
            "worker.slots.\(kind)", .count(0...10_000), default: count, "Jobs of kind `\(kind)` at once in this worker."
        )
    }
}

import Testing

@testable import LongshoreSettings

@Suite("The registry of keys")
struct KeyRegistryTests {
    /// Section 7 of the contract, `…_file` variants aside.
    static let contract = """
        cluster broker.url broker.tls.ca broker.tls.certificate broker.tls.key broker.prefix broker.topology
        broker.queue_type catalog.url catalog.secret_key stores.<name>.url stores.<name>.part_size
        stores.<name>.reserve_bytes credentials.<name>.type credentials.<name>.urls credentials.<name>.token
        credentials.<name>.username credentials.<name>.password credentials.<name>.name credentials.<name>.value
        credentials.<name>.access_key credentials.<name>.secret_key credentials.<name>.session_token
        credentials.<name>.endpoint credentials.<name>.region credentials.<name>.owners credentials.<name>.profiles
        fetch.allow_private fetch.only fetch.deny fetch.schemes fetch.ports fetch.redirects fetch.timeouts.connect
        fetch.timeouts.header fetch.timeouts.stall fetch.timeouts.total fetch.proxy limits.image_bytes
        limits.unpacked_bytes limits.unpack_ratio limits.virtual_bytes limits.owner.images limits.owner.bytes
        limits.owner.running limits.source_host.running worker.slots.import worker.slots.copy worker.slots.share
        worker.slots.update worker.slots.delete worker.intake.backlog worker.roles worker.drain worker.unknown_grace
        worker.scratch.path lease.duration lease.renew retry.base retry.max events.progress_interval events.reply_to
        retention.jobs retention.history retention.pending_delete retention.staging inspect.relax.<rule> admin.listen
        admin.token health.listen access.publishers.<user>.accounts access.publishers.<user>.kinds
        access.publishers.<user>.profiles
        """.split { $0 == " " || $0 == "\n" }.map(String.init)

    /// What stands beside the contract.
    static let additions = [
        "worker.start_timeout", "digest_lists.<name>.urls", "digest_lists.<name>.keyring", "profiles.<name>.fields",
        "profiles.<name>.stores", "profiles.<name>.pending_delete",
    ]

    @Test("It holds every key of the contract and the known additions, each once")
    func holdsTheContract() {
        let expected = (Self.contract + Self.additions).sorted()
        #expect(KeyRegistry.all.map { $0.path.joined(separator: ".") }.sorted() == expected)
    }

    @Test("Every key is read")
    func everyKeyIsRead() throws {
        let yaml = """
            stores: {a: {url: "file:///a"}}
            credentials:
              a: {type: bearer, token: t, urls: [https://a]}
              b: {type: basic, username: u, password: p, urls: [https://a]}
              c: {type: header, name: X-Key, value: v, urls: [https://a]}
              d: {type: s3, access_key: a, secret_key: s, urls: [https://a]}
            digest_lists: {a: {urls: [https://a], keyring: /k.gpg}}
            profiles: {ncp: {fields: [a=b], stores: [default=c]}}
            inspect: {relax: {backing_file: [ims]}}
            access: {publishers: {portal: {kinds: [share]}}}
            """
        let file = try TemporaryFile(yaml)
        var reader = SettingsReader(file: ConfigurationFile(reading: file.path), environment: [:])
        _ = Settings(reading: &reader)
        #expect(reader.problems.isEmpty)
        #expect(reader.asked == Set(Self.contract + Self.additions))
    }

    @Test("Every default is a value that its own key accepts")
    func defaultsAreAccepted() throws {
        for key in Settings.documentation where !key.key.contains("<") {
            guard let value = key.defaultValue else { continue }
            #expect(try load("", [key.variable: value]) == load(), "\(key.key)")
        }
    }

    @Test("Variables are spelled as the documentation says", arguments: Settings.documentation)
    func variables(key: Settings.DocumentedKey) {
        let path = key.key.split(separator: ".").map { String($0).filter { !"<>".contains($0) } }
        #expect(EnvironmentVariables.name(for: path) == key.variable.filter { !"<>".contains($0) })
    }

    @Test("The table has a row for every key")
    func table() {
        let rows = Settings.documentationTable.split(separator: "\n").dropFirst(2)
        #expect(rows.count == Settings.documentation.count)
        let health = "| `health.listen` | address | `127.0.0.1:8475` | `/healthz`, `/readyz`, `/metrics`. |"
        #expect(rows.contains { $0 == health })
    }
}

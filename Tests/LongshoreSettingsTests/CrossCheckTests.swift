import Testing

@testable import LongshoreSettings

@Suite("Settings that are wrong together")
struct CrossCheckTests {
    @Test(
        "Each combination that cannot work is one line about the right key",
        arguments: [
            ("lease: { renew: 15s }", "lease.renew"), ("lease: { duration: 20s }", "lease.renew"),
            ("retry: { base: 10m }", "retry.base"), ("fetch: { timeouts: { total: 45s } }", "fetch.timeouts.stall"),
            ("broker: { tls: { certificate: /a.pem }, url: 'amqps://h' }", "broker.tls"),
            ("broker: { prefix: amq.jobs }", "broker.prefix"), ("broker: { url: [] }", "broker.url"),
            ("worker: { roles: [] }", "worker.roles"), ("fetch: { schemes: [] }", "fetch.schemes"),
            ("admin: { listen: '0.0.0.0:8474' }", "admin.token"),
            ("health: { listen: '127.0.0.1:8474' }", "health.listen"),
            ("stores: { a: { part_size: 5MiB } }", "stores.a.url"), ("stores: { A: { url: 'file:///a' } }", "stores"),
            ("stores: { a: { url: 's3://b?colour=red' } }", "stores.a.url"),
            ("stores: { a: { url: 'file:///a?b=c' } }", "stores.a.url"),
            ("stores: { a: { url: 's3://b?credential=none' } }", "stores.a.url"),
            ("credentials: { a: { type: bearer, token: t } }", "credentials.a.urls"),
            ("credentials: { a: { urls: ['https://a'] } }", "credentials.a.type"),
            ("credentials: { a: { type: bearer, urls: ['https://a'] } }", "credentials.a.token"),
            ("credentials: { a: { type: bearer, token: t, urls: ['https://a?b'] } }", "credentials.a.urls"),
            (
                "credentials: { a: { type: bearer, token: t, password: p, urls: ['https://a'] } }",
                "credentials.a.password"
            ),
            (
                "credentials: { a: { type: bearer, token: t, urls: ['https://a'], owners: [] } }",
                "credentials.a.owners"
            ),
            ("credentials: { a: { type: oauth, urls: ['https://a'] } }", "credentials.a.type"),
        ])
    func refused(yaml: String, key: String) throws {
        #expect(try problems(yaml).map(\.key) == [key])
    }

    @Test(
        "What looks like it but works is accepted",
        arguments: [
            "lease: { duration: 20s, renew: 9s }", "broker: { tls: { ca: /a.pem }, url: 'amqps://h' }",
            "admin: { listen: '0.0.0.0:8474', token: 0123456789abcdef }", "admin: { listen: '[::1]:8474' }",
            "admin: { listen: '127.0.0.1:0' }\nhealth: { listen: '127.0.0.1:0' }",
            """
            stores: { a: { url: 's3://b?credential=k&endpoint=http://h:9000' } }
            credentials: { k: { type: s3, access_key: a, secret_key: b, urls: ['http://h:9000/'] } }
            """,
        ])
    func accepted(yaml: String) throws {
        #expect(throws: Never.self) { try load(yaml) }
    }

    @Test("All that is wrong is said at once")
    func allAtOnce() throws {
        let found = try problems(
            "lease: { renew: 15s }\nretry: { bse: 1s }\nbroker: { queue_type: stream }",
            ["LONGSHORE_WORKER_DRAIN": "soon"])
        let keys = ["LONGSHORE_WORKER_DRAIN", "broker.queue_type", "lease.renew", "retry.bse"]
        #expect(found.map(\.key).sorted() == keys)
        #expect(SettingsError(problems: found).description.split(separator: "\n").count == 4)
    }

    @Test("What is harmless but hardly meant is a warning")
    func warnings() throws {
        let yaml = "broker: { tls: { ca: /a.pem } }\nworker: { roles: [run], slots: {\(Self.noSlots)} }"
        let warnings = try loadWithWarnings(yaml, [:]).warnings
        #expect(warnings.contains { $0.hasPrefix("broker.tls is set") })
        #expect(warnings.contains { $0.hasPrefix("worker.roles holds 'run'") })
    }

    static let noSlots = ["import", "copy", "share", "update", "delete"].map { "\($0): 0" }.joined(separator: ", ")
}

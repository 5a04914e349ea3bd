import ImageModel
import Testing

@testable import LongshoreSettings

@Suite("Values")
struct ValueTests {
    @Test(
        "A wrong value is refused by a line that names the key, the value and what is allowed",
        arguments: [
            ("cluster", "a/b"), ("cluster", ""), ("cluster", "-a"), ("broker.url", "http://host/"),
            ("broker.url", "amqp://"), ("broker.url", "host:5672"), ("broker.tls.ca", "relative.pem"),
            ("broker.prefix", "a b"), ("broker.prefix", "a/b"), ("broker.topology", "create"),
            ("broker.queue_type", "stream"), ("catalog.url", "sqlite://relative.db"), ("catalog.url", "mysql://h/d"),
            ("stores.default.url", "/var/lib"), ("stores.default.url", "file://host/path"),
            ("stores.default.url", "s3:///k"),
            ("stores.default.part_size", "1MiB"), ("stores.default.reserve_bytes", "-1"),
            ("fetch.allow_private", "http://10.0.0.1/"), ("fetch.only", "a b"), ("fetch.deny", "10.0.0.1/8"),
            ("fetch.deny", "[::1"), ("fetch.schemes", "ftp"),
            ("fetch.ports", "0"), ("fetch.ports", "65536"), ("fetch.redirects", "21"), ("fetch.redirects", "many"),
            ("fetch.timeouts.connect", "10"), ("fetch.timeouts.connect", "0"), ("fetch.proxy", "proxy:3128"),
            ("limits.image_bytes", "0"), ("limits.image_bytes", "1 TiB of it"), ("limits.unpack_ratio", "1.5"),
            ("limits.owner.images", "-1"), ("limits.owner.running", "0"), ("worker.slots.import", "-1"),
            ("worker.intake.backlog", "0"), ("worker.roles", "cook"), ("worker.drain", "soon"),
            ("worker.scratch.path", "scratch"), ("lease.duration", "1ms"), ("lease.renew", "0"), ("retry.max", "1y"),
            ("events.progress_interval", "0"), ("retention.jobs", "0"), ("retention.staging", "a week"),
            ("admin.listen", "8474"), ("admin.listen", "::1:8474"), ("health.listen", "127.0.0.1:70000"),
        ])
    func refuses(key: String, value: String) throws {
        let path = key.split(separator: ".").map(String.init)
        let allowed = try #require(KeyRegistry.match(path)).key.allowed
        let yaml = path.reversed().reduce("\"\(value)\"") { "{ \($1): \($0) }" }
        let problem = SettingsError.Problem(key: key, message: "'\(value)' is not allowed; allowed is \(allowed)")
        #expect(try problems(yaml).first { $0.key == key } == problem)
        guard !value.isEmpty else { return }
        let variable = EnvironmentVariables.name(for: path)
        #expect(try problems("", [variable: value]).first { $0.key == variable }?.message == problem.message)
    }

    @Test("Lists stand in the file as lists or with commas, in variables with commas")
    func lists() throws {
        #expect(try load("fetch: { ports: [443, 8443] }").fetch.ports == [443, 8_443])
        #expect(try load("fetch: { ports: '443, 8443' }").fetch.ports == [443, 8_443])
        #expect(try load("fetch: { ports: 443 }").fetch.ports == [443])
        #expect(try load("", ["LONGSHORE_FETCH_PORTS": "443, 8443"]).fetch.ports == [443, 8_443])
        #expect(try load("fetch: { allow_private: [] }").fetch.allowPrivate.isEmpty)
    }

    @Test("A list where one value belongs is refused")
    func listForOne() throws {
        #expect(try problems("cluster: [a, b]").map(\.key) == ["cluster"])
        #expect(try problems("fetch: { ports: [{ a: 1 }] }").map(\.key) == ["fetch.ports"])
    }

    @Test(
        "Addresses to listen on",
        arguments: [
            ("127.0.0.1:8474", "127.0.0.1", true), ("[::1]:1", "::1", true), ("localhost:0", "localhost", true),
            ("0.0.0.0:80", "0.0.0.0", false), ("[::]:80", "::", false), ("127.example:1", "127.example", false),
        ])
    func addresses(text: String, host: String, isLoopback: Bool) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.host == host)
        #expect(address.isLoopback == isLoopback)
        #expect(address.description == text)
    }

    @Test("Numbers, sizes, words and texts arrive typed")
    func typed() throws {
        let settings = try load(
            """
            broker: { url: ["amqps://a:b@one:5671/v", "amqps://a:b@two:5671/v"], queue_type: classic, topology: verify }
            stores:
              eu-2: { url: "s3://bucket/images?region=eu-2", part_size: 64MiB, reserve_bytes: 10GiB }
            limits: { image_bytes: 20GiB, owner: { images: 10, bytes: 1TiB, running: 2 }, source_host: { running: 3 } }
            worker: { slots: { import: 16 }, roles: [run, sweep], scratch: { path: /scratch } }
            retention: { pending_delete: 7d }
            access: { publishers: { portal.v2: { accounts: [acct-1], kinds: [import, share] } } }
            """)
        #expect(settings.broker.urls.map(\.description) == ["amqps://…@one:5671/v", "amqps://…@two:5671/v"])
        #expect(settings.broker.queueType == .classic)
        let name = try #require(StoreName("eu-2"))
        let store = try #require(settings.stores[name])
        #expect(settings.stores.count == 1)
        #expect(store.partSize == ByteCount(64 << 20))
        #expect(store.reserve == ByteCount(10 << 30))
        #expect(store.folder == nil)
        #expect(settings.limits.owner == .init(images: 10, bytes: ByteCount(1 << 40), running: 2))
        #expect(settings.worker.slots[.import] == 16)
        #expect(settings.worker.roles == [.run, .sweep])
        #expect(settings.publishers["portal.v2"]?.kinds == [.import, .share])
        #expect(settings.publishers["portal.v2"]?.profiles == nil)
    }
}

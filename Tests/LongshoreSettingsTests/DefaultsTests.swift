import ImageModel
import Testing

@testable import LongshoreSettings

@Suite("Defaults")
struct DefaultsTests {
    @Test("Without a file and variables every setting has the default of the contract")
    func contractDefaults() throws {
        let settings = try load()
        #expect(settings.cluster == "default")
        #expect(settings.broker.urls == [ServiceURL("amqp://guest:guest@127.0.0.1:5672/")])
        #expect(settings.broker.prefix == "longshore")
        #expect(settings.broker.topology == .declare)
        #expect(settings.broker.queueType == .quorum)
        #expect(settings.catalog.url == ServiceURL("sqlite:///var/lib/longshore/catalog.db"))
        #expect(settings.catalog.file == "/var/lib/longshore/catalog.db")
        #expect(settings.catalog.secretKey == nil)
        #expect(settings.stores.map(\.key.rawValue) == ["default"])
        #expect(settings.stores.first?.value.folder == "/var/lib/longshore/images")
        #expect(settings.fetch.schemes == [.https, .http, .s3])
        #expect(settings.fetch.ports == [443, 80])
        #expect(settings.fetch.redirects == 5)
        #expect(settings.fetch.timeouts.connect == .seconds(10))
        #expect(settings.fetch.timeouts.header == .seconds(30))
        #expect(settings.fetch.timeouts.stall == .seconds(60))
        #expect(settings.fetch.timeouts.total == .seconds(24 * 3_600))
        #expect(settings.fetch.proxy == nil)
        #expect(settings.limits.image == ByteCount(1 << 40))
        #expect(settings.limits.unpacked == ByteCount(1 << 40))
        #expect(settings.limits.unpackRatio == 100)
        #expect(settings.limits.virtual == ByteCount(64 << 40))
        #expect(settings.limits.owner.images == nil)
    }

    @Test("So have the worker's and the operator's settings")
    func contractDefaultsOfTheWorker() throws {
        let settings = try load()
        #expect(settings.worker.slots == [.import: 4, .copy: 2, .share: 8, .update: 8, .delete: 4])
        #expect(settings.worker.backlog == 10_000)
        #expect(settings.worker.roles == [.intake, .run, .relay, .sweep])
        #expect(settings.worker.drain == .seconds(30))
        #expect(settings.worker.startTimeout == .seconds(30))
        #expect(settings.worker.unknownGrace == .seconds(60))
        #expect(settings.lease.duration == .seconds(30))
        #expect(settings.lease.renew == .seconds(10))
        #expect(settings.retry.base == .seconds(1))
        #expect(settings.retry.max == .seconds(300))
        #expect(settings.events.progressInterval == .seconds(2))
        #expect(settings.events.replyTo == ["amq.rabbitmq.reply-to.*", "amq.gen-*", "reply.*"])
        #expect(settings.retention.jobs == .seconds(30 * 86_400))
        #expect(settings.retention.history == .seconds(365 * 86_400))
        #expect(settings.retention.pendingDelete == .zero)
        #expect(settings.retention.staging == .seconds(7 * 86_400))
        #expect(settings.admin.listen.description == "127.0.0.1:8474")
        #expect(settings.health.listen.description == "127.0.0.1:8475")
        #expect(settings.publishers.isEmpty)
    }

    @Test(
        "An empty file, one of comments and one of empty sections say nothing", arguments: ["", "# none\n", "fetch:\n"])
    func emptyFiles(yaml: String) throws {
        #expect(try load(yaml) == load())
    }

    @Test("A named file must be there, the standard one need not")
    func missingFile() throws {
        #expect(throws: SettingsError.self) { try Settings.load(file: "/nowhere/longshore.yaml", environment: [:]) }
        #expect(throws: SettingsError.self) {
            try Settings.load(file: nil, environment: ["LONGSHORE_CONFIG": "/nowhere/longshore.yaml"])
        }
        _ = try Settings.load(file: nil, environment: [:])
    }

    @Test("LONGSHORE_CONFIG names the file, --config wins over it")
    func fileByVariable() throws {
        let first = try TemporaryFile("cluster: first")
        let second = try TemporaryFile("cluster: second")
        let environment = ["LONGSHORE_CONFIG": first.path]
        #expect(try Settings.load(file: nil, environment: environment).0.cluster == "first")
        #expect(try Settings.load(file: second.path, environment: environment).0.cluster == "second")
    }
}

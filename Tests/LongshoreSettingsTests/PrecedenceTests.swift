import ImageModel
import ImageSource
import Testing

@testable import LongshoreSettings

@Suite("File and environment")
struct PrecedenceTests {
    @Test("The environment wins over the file, key by key")
    func environmentWins() throws {
        let settings = try load(
            "retry: { base: 2s, max: 1m }\nfetch: { allow_private: [a, b] }",
            ["LONGSHORE_RETRY_BASE": "3s", "LONGSHORE_FETCH_ALLOW_PRIVATE": "c"])
        #expect(settings.retry.base == .seconds(3))
        #expect(settings.retry.max == .seconds(60))
        #expect(settings.fetch.allowPrivate.map(\.description) == ["c"])
    }

    @Test("An empty variable counts as not set")
    func emptyVariable() throws {
        #expect(try load("cluster: a", ["LONGSHORE_CLUSTER": ""]).cluster == "a")
    }

    @Test("A variable finds the name that the file spells with a dash or an underscore")
    func namesFromTheFile() throws {
        let yaml = "stores: { eu-2: { url: 'file:///a' }, us_1: { url: 'file:///b' } }"
        let environment = ["LONGSHORE_STORES_EU_2_URL": "file:///c", "LONGSHORE_STORES_US_1_URL": "file:///d"]
        let settings = try load(yaml, environment)
        let folders = Dictionary(uniqueKeysWithValues: settings.stores.map { ($0.key.rawValue, $0.value.folder) })
        #expect(folders == ["eu-2": "/c", "us_1": "/d"])
    }

    @Test("A name that only variables know is spelled in lower case with dashes")
    func namesFromTheEnvironment() throws {
        let settings = try load(
            "",
            [
                "LONGSHORE_STORES_EU_2_URL": "file:///c", "LONGSHORE_CREDENTIALS_X_TYPE": "s3",
                "LONGSHORE_CREDENTIALS_X_URLS": "https://a/,https://b/", "LONGSHORE_CREDENTIALS_X_ACCESS_KEY": "a",
                "LONGSHORE_CREDENTIALS_X_SECRET_KEY": "s", "LONGSHORE_CREDENTIALS_X_SESSION_TOKEN": "t",
                "LONGSHORE_INSPECT_RELAX_BACKING_FILE": "ims,default",
                "LONGSHORE_ACCESS_PUBLISHERS_PORTAL_KINDS": "import",
            ])
        #expect(settings.stores.map(\.key.rawValue) == ["eu-2"])
        #expect(settings.credentials["x"]?.urls == ["https://a/", "https://b/"])
        guard case .s3(let keys) = settings.credentials["x"]?.content else {
            Issue.record("The credential must be one of type s3.")
            return
        }
        #expect(keys.sessionToken?.revealed == "t")
        #expect(settings.inspect.relax == [.backingFile: ["ims", "default"]])
        #expect(settings.publishers["portal"]?.kinds == [.import])
    }

    @Test("An unknown variable is a warning that says what was probably meant")
    func unknownVariable() throws {
        let environment = ["LONGSHORE_PORT_5672_TCP_ADDR": "10.0.0.1", "LONGSHORE_RETRY_BSE": "1s", "OTHER": "x"]
        let (_, warnings) = try loadWithWarnings("", environment)
        #expect(
            warnings == [
                "LONGSHORE_PORT_5672_TCP_ADDR is no setting and was ignored",
                "LONGSHORE_RETRY_BSE is no setting and was ignored; did you mean LONGSHORE_RETRY_BASE?",
            ])
    }

    @Test(
        "An unknown key in the file is an error that says what was probably meant",
        arguments: [
            ("retry: { bse: 1s }", "retry.bse: is no setting; did you mean retry.base?"),
            ("brokr: { url: 'amqp://h' }", "brokr.url: is no setting; did you mean broker.url?"),
            ("stores: { eu: { ulr: x } }", "stores.eu.ulr: is no setting; did you mean stores.eu.url?"),
            ("broker.url: 'amqp://h'", "broker.url: is no setting; did you mean broker.url?"),
            ("weather: fine", "weather: is no setting"), ("broker: yes", "broker: is no setting"),
            ("cluster: { name: a }", "cluster.name: is no setting"),
        ])
    func unknownKey(yaml: String, line: String) throws {
        #expect(try problems(yaml).map(\.description) == [line])
    }

    @Test(
        "A file that is no YAML, or no map, is refused with its place and without an excerpt",
        arguments: ["broker: [hunter2", "- hunter2", "hunter2", "cluster: a\ncluster: hunter2", "\u{1}hunter2"])
    func notAConfiguration(yaml: String) throws {
        let found = try problems(yaml)
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.key.hasSuffix(".yaml") && !$0.message.contains("hunter2") })
    }
}

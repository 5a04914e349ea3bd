import Testing

@testable import LongshoreSettings

@Suite("Secrets")
struct SecretTests {
    static let yaml = """
        broker: { url: "amqps://user:hunter2@host:5671/" }
        catalog: { url: "postgres://user:hunter2@db/longshore", secret_key: hunter2hunter2hunter2hunter2hunter2 }
        fetch: { proxy: "http://user:hunter2@proxy:3128" }
        admin: { token: hunter2hunter2hunter2 }
        credentials:
          a: { type: bearer, token: hunter2, urls: ["https://a/"] }
          b: { type: s3, access_key: hunter2, secret_key: hunter2, session_token: hunter2, urls: ["https://a/"] }
        """

    @Test("Neither printing nor dumping settings shows one")
    func printing() throws {
        let settings = try load(Self.yaml)
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped] {
            #expect(!text.contains("hunter2"))
        }
        #expect(settings.broker.urls.first?.revealed == "amqps://user:hunter2@host:5671/")
    }

    @Test(
        "No error shows one",
        arguments: [
            "broker: { url: 'amqq://user:hunter2@host/' }", "broker: { url: 'user:hunter2@host' }",
            "broker: { url: 'amqp://user:hunt@hunter2@host/ x' }", "catalog: { url: 'postgre://h/d?password=hunter2' }",
            "catalog: { secret_key: hunter2 }", "admin: { token: hunter2 }", "fetch: { proxy: 'a://u:hunter2@proxy' }",
            "stores: { a: { url: 'ftp://u:hunter2@host/' } }",
            "credentials: { a: { type: basic, password: hunter2 } }", "broker: { url: 'amqp//guest:hunter2@h' }",
        ])
    func errors(yaml: String) throws {
        let found = try problems(yaml)
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { !$0.description.contains("hunter2") })
    }

    @Test("A secret may stand in a file of its own, without the line end")
    func fromFile() throws {
        let file = try TemporaryFile("hunter2hunter2hunter2\n")
        #expect(try load("admin: { token_file: '\(file.path)' }").admin.token?.revealed == "hunter2hunter2hunter2")
        let urls = try TemporaryFile("amqp://u:p@one/\namqp://u:p@two/\n")
        #expect(try load("", ["LONGSHORE_BROKER_URL_FILE": urls.path]).broker.urls.count == 2)
    }

    @Test("A variable wins over the file's `…_file`, but both in one place are refused")
    func fromFileAndPlain() throws {
        let file = try TemporaryFile("from the file, long enough")
        let yaml = "admin: { token_file: '\(file.path)' }"
        let environment = ["LONGSHORE_ADMIN_TOKEN": "from the environment"]
        #expect(try load(yaml, environment).admin.token?.revealed == "from the environment")
        let both = "admin: { token: hunter2hunter2hunter2, token_file: '\(file.path)' }"
        #expect(try problems(both).map(\.key) == ["admin.token"])
        #expect(try problems("admin: { token_file: /nowhere/token }").map(\.key) == ["admin.token_file"])
    }
}

import RabbitMQ
import Testing

@Suite("Broker URLs and configurations")
struct BrokerEndpointTests {
    @Test(
        "A URL gives host, port, virtual host and login",
        arguments: [
            ("amqp://h", "h", 5_672, "/", "guest", "guest", false),
            ("amqp://h/", "h", 5_672, "/", "guest", "guest", false),
            ("amqps://h", "h", 5_671, "/", "guest", "guest", true),
            ("AMQP://h:1/v", "h", 1, "v", "guest", "guest", false),
            ("amqp://u:p@h:65535/%2F", "h", 65_535, "/", "u", "p", false),
            ("amqp://u%40x:p%3A%2f%25@h/a%20b", "h", 5_672, "a b", "u@x", "p:/%", false),
            ("amqp://u:p@ss@h", "h", 5_672, "/", "u", "p@ss", false),
            ("amqp://u:a:b@h", "h", 5_672, "/", "u", "a:b", false),
            ("amqp://u:@h", "h", 5_672, "/", "u", "", false),
            ("amqp://[::1]:7/v", "::1", 7, "v", "guest", "guest", false),
            ("amqp://[fe80::1]", "fe80::1", 5_672, "/", "guest", "guest", false),
            ("amqp://h?auth_mechanism=plain", "h", 5_672, "/", "guest", "guest", false),
        ] as [(String, String, UInt16, String, String, String, Bool)]
    )
    func parsing(
        url: String, host: String, port: UInt16, virtualHost: String, user: String, password: String, tls: Bool
    ) throws {
        let endpoint = try BrokerEndpoint(parsing: url)
        let login = BrokerEndpoint.Login.plain(user: user, password: password)
        #expect(
            endpoint
                == BrokerEndpoint(host: host, port: port, virtualHost: virtualHost, usesTLS: tls, login: login)
        )
    }

    @Test(
        "What is wrong with a URL is named, and its password is not",
        arguments: [
            ("http://h", "amqp://"), ("s3cret@h", "amqp://"), ("amqp://", "host"), ("amqp://u:s3cret@", "host"),
            ("amqp://u:s3cret@h:0", "port"), ("amqp://u:s3cret@h:x", "port"), ("amqp://h:70000", "port"),
            ("amqp://h:+1", "port"), ("amqp://u:s3cret@h/a/b", "virtual host"), ("amqp://u:s3cret%zz@h", "password"),
            ("amqp://u:s3cret%0@h", "password"), ("amqp://u:s3cret%ff@h", "password"), ("amqp://s3cret@h", "password"),
            ("amqp://[::1", "IPv6"), ("amqp://::1:5672", "IPv6"), ("amqp://[::1]x", "port"),
            ("amqp://h?heartbeat=1", "auth_mechanism"), ("amqp://h?auth_mechanism=magic", "auth_mechanism"),
            ("amqp://h?auth_mechanism=external", "amqps"), ("amqps://u:s3cret@h?auth_mechanism=external", "external"),
            ("amqp://h/#s3cret", "fragment"), ("amqp://a b", "host"), ("amqp://h/%00", "virtual host"),
        ]
    )
    func malformed(url: String, part: String) {
        let error = #expect(throws: RabbitMQError.self) { try BrokerEndpoint(parsing: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(part) == true)
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test("Descriptions of an endpoint and its login do not show the password")
    func descriptions() throws {
        let endpoint = try BrokerEndpoint(parsing: "amqps://u:s3cret@[::1]/v")
        #expect(endpoint.description == "amqps://[::1]:5671/v")
        for text in [
            "\(endpoint)", "\(endpoint.login)", String(reflecting: endpoint), String(reflecting: endpoint.login),
        ] {
            #expect(!text.contains("s3cret"))
        }
        var dumped = ""
        dump(endpoint, to: &dumped)
        #expect(!dumped.contains("s3cret"))
    }

    @Test("A configuration that can never work is refused with the reason")
    func impossibleConfigurations() throws {
        func message(_ change: (inout ConnectionConfiguration) -> Void) throws -> String? {
            var settings = try configuration("amqps://broker.example")
            change(&settings)
            let changed = settings
            return #expect(throws: RabbitMQError.self) { try changed.validate() }?.message
        }
        #expect(try message { $0.endpoints = [] }?.contains("endpoint") == true)
        #expect(try message { $0.heartbeat = .zero }?.contains("heartbeat") == true)
        #expect(try message { $0.heartbeat = .seconds(70_000) }?.contains("heartbeat") == true)
        #expect(try message { $0.endpoints = [BrokerEndpoint(host: "")] }?.contains("host") == true)
        #expect(
            try message { $0.endpoints = [BrokerEndpoint(host: "h", usesTLS: true, login: .external)] }?
                .contains("certificate") == true
        )
    }
}

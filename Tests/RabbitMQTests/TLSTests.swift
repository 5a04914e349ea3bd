import Foundation
import RabbitMQ
import TestSupport
import Testing

@Suite("TLS to a real broker", .needsBrokerTLS, .timeLimit(.minutes(10)))
struct BrokerTLSTests {
    private let directory: String
    private let url: String

    init() throws {
        directory = try #require(RealBroker.tlsDirectory)
        url = try #require(RealBroker.tlsURL)
    }

    @Test("A trusted broker is talked to, several frames at a time in both directions")
    func trusted() async throws {
        let configuration = try configuration(url, tls: TLSConfiguration(certificateAuthority: "\(directory)/ca.pem"))
        let queue = uniqueName("tls")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(publisher: publisher, consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 10)
                let bodies = [0, 1, 200_000, 131_064].map { [UInt8](repeating: 9, count: $0) }
                for body in bodies {
                    let outcome = try await publisher.publish(
                        OutgoingMessage(exchange: "", routingKey: queue, body: body)
                    )
                    #expect(outcome == .routed)
                }
                for body in bodies { #expect(try await next(consumer).content == .body(body)) }
            }
        }
    }

    @Test("A connection that is reset in the middle of the handshake, or soon behind it, is made again")
    func reset() async throws {
        var components = try #require(URLComponents(string: url))
        let proxy = try Proxy(to: try #require(components.port.flatMap(UInt16.init(exactly:))), framed: false)
        components.port = Int(proxy.port)
        // Within the client's greeting, the server's, its certificate, and what is encrypted.
        await proxy.arm(
            .cut(after: 5, .toServer), .cut(after: 100, .toServer), .cut(after: 60, .toClient),
            .cut(after: 1_000, .toClient), .cut(after: 2_000, .toClient))
        let tls = TLSConfiguration(certificateAuthority: "\(directory)/ca.pem")
        let queue = uniqueName("tls")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration(url, tls: tls)) {
            let faulty = try configuration(try #require(components.string), tls: tls)
            let publisher = try RabbitMQPublisher(configuration: faulty)
            let consumer = try RabbitMQConsumer(configuration: faulty)
            try await withSessions(publisher: publisher, consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 10)
                // Who was cut last has noticed, and come back.
                await proxy.traffic.wait { $0.sprung == 5 && $0.open == 2 }
                try await publisher.waitUntilConnected()
                let message = OutgoingMessage(exchange: "", routingKey: queue, body: [7])
                #expect(try await publisher.publish(message) == .routed)
                #expect(try await next(consumer).content == .body([7]))
            }
        }
    }

    @Test("A client certificate is a login")
    func loginByCertificate() async throws {
        let identity = TLSConfiguration.Identity(
            certificate: "\(directory)/client.pem", key: "\(directory)/client.key"
        )
        let tls = TLSConfiguration(certificateAuthority: "\(directory)/ca.pem", identity: identity)
        var components = try #require(URLComponents(string: url))
        components.user = nil
        components.password = nil
        components.query = "auth_mechanism=external"
        let configuration = try configuration(try #require(components.string), tls: tls)
        try await RabbitMQTopology.declare(configuration, Topology())
    }

    @Test("An authority that did not sign the broker's certificate is not enough")
    func foreignAuthority() async throws {
        let certificates = try TestCertificates()
        defer { certificates.remove() }
        let error = await refusal(
            try configuration(url, tls: TLSConfiguration(certificateAuthority: certificates.path("ca.pem")))
        )
        #expect(error?.code == .tlsFailed)
        #expect(error?.message.contains("localhost:") == true)
    }
}

@Suite("TLS to a peer that cannot be trusted", .timeLimit(.minutes(10)))
struct UntrustedPeerTests {
    @Test("A certificate for another host is refused")
    func otherHost() async throws {
        let error = try await refusal(serverName: "elsewhere.example", serverOptions: [])
        #expect(error?.code == .tlsFailed)
        #expect(error?.message.contains("does not name the host") == true)
    }

    @Test("A peer that offers nothing newer than TLS 1.1 is refused")
    func oldVersion() async throws {
        let error = try await refusal(
            serverName: "localhost", serverOptions: ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]
        )
        #expect(error?.code == .tlsFailed)
    }

    @Test("A peer without TLS is an error")
    func noTLS() async throws {
        let broker = try FakeBroker { peer, _ in try peer.send(Array("AMQP\u{0}\u{0}\u{9}\u{1}".utf8)) }
        defer { broker.stop() }
        let error = await RabbitMQTests.refusal(try configuration("amqps://localhost:\(broker.port)"))
        #expect(error?.code == .tlsFailed)
    }

    @Test("Files that cannot be read are named, and end the session instead of being tried again")
    func unreadableFiles() async throws {
        let missing = TLSConfiguration(certificateAuthority: "/nonexistent/ca.pem")
        let publisher = try RabbitMQPublisher(configuration: try configuration("amqps://localhost:1", tls: missing))
        let error = await #expect(throws: RabbitMQError.self) { try await publisher.run() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("/nonexistent/ca.pem") == true)
    }

    @Test(
        "An IP address cannot be checked, so it is refused before anything is sent", arguments: ["127.0.0.1", "[::1]"])
    func addressLiteral(host: String) throws {
        let settings = try configuration("amqps://\(host)")
        let error = #expect(throws: RabbitMQError.self) { try RabbitMQPublisher(configuration: settings) }
        #expect(error?.code == .invalidConfiguration)
        var relaxed = settings
        relaxed.tls.verifiesHostName = false
        #expect(throws: Never.self) { try RabbitMQPublisher(configuration: relaxed) }
    }

    private func refusal(serverName: String, serverOptions: [String]) async throws -> RabbitMQError? {
        let certificates = try TestCertificates(serverName: serverName)
        defer { certificates.remove() }
        return try await certificates.withServer(options: serverOptions) { port in
            let tls = TLSConfiguration(certificateAuthority: certificates.path("ca.pem"))
            return await RabbitMQTests.refusal(try configuration("amqps://localhost:\(port)", tls: tls))
        }
    }
}

/// The error of an attempt to connect, which must fail.
func refusal(_ configuration: ConnectionConfiguration) async -> RabbitMQError? {
    await #expect(throws: RabbitMQError.self) {
        try await RabbitMQTopology.declare(configuration, Topology())
    }
}

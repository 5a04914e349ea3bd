import ImageModel
import ImageSource
import TestSupport
import Testing

@Suite("TLS", .timeLimit(.minutes(10)))
struct TLSTests {
    @Test("A certificate of a trusted authority is accepted")
    func trusted() async throws {
        let origin = try Origin()
        let front = try TLSFront(before: origin)
        origin.serve("/image", .pattern(size: 300_000))
        let source = try HTTPImageSource(policy: .loopback(front.rule) { $0.caFile = front.caFile })
        let fetched = try await source.fetch(front.url("/image"), expecting: PatternBytes(size: 300_000))
        #expect(fetched.isRight)
        #expect(fetched.count == 300_000)
    }

    @Test("A certificate that nobody vouches for is refused for good")
    func untrusted() async throws {
        let origin = try Origin()
        let front = try TLSFront(before: origin)
        let error = try await HTTPImageSource(policy: .loopback(front.rule)).failure(front.url("/image"))
        #expect(error?.code == .sourceTLS)
        #expect(error?.isTransient == false)
        #expect(origin.journal.entries.requests.isEmpty)
    }

    @Test("A certificate for another host or another time is refused for good", arguments: [true, false])
    func wrongCertificate(isExpired: Bool) async throws {
        let origin = try Origin()
        let front = try TLSFront(before: origin, certificate: isExpired ? .expired : .wrongHost)
        let source = try HTTPImageSource(policy: .loopback(front.rule) { $0.caFile = front.caFile })
        let error = try await source.failure(front.url("/image"))
        #expect(error?.code == .sourceTLS)
        #expect(error?.isTransient == false)
        #expect(
            error?.message.contains(isExpired ? "expired" : "no alternative certificate") == true,
            "\(String(describing: error))")
    }

    @Test("A redirect never leads from https to http")
    func downgrade() async throws {
        let origin = try Origin()
        let front = try TLSFront(before: origin)
        origin.serve("/image", .redirect(to: origin.url("/plain")))
        let source = try HTTPImageSource(policy: .loopback(front.rule, origin.rule) { $0.caFile = front.caFile })
        #expect(try await source.failure(front.url("/image"))?.code == .sourceRedirect)
        #expect(origin.journal.entries.requests(for: "/plain").isEmpty)
    }

    @Test("A server that does not go on with the handshake within the time to connect may do so later")
    func silentHandshake() async throws {
        let origin = try Origin()
        let source = try source(for: origin) { $0.timeouts.connect = .milliseconds(300) }
        let error = try await source.failure("https://127.0.0.1:\(origin.port)/image")
        #expect(error?.code == .sourceUnavailable)
        #expect(error?.isTransient == true)
    }
}

import Glibc
import ImageModel
import ImageSource
import TestSupport
import Testing

@Suite("The address guard at work", .timeLimit(.minutes(10)))
struct AddressGuardTests {
    @Test(
        "A loopback address is refused at the socket, by its number and by a name",
        arguments: ["127.0.0.1", "localhost"])
    func refusedAtSocket(host: String) async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 10))
        var policy = FetchPolicy()
        policy.ports = [origin.port]
        let error = try await HTTPImageSource(policy: policy).failure("http://\(host):\(origin.port)/image")
        #expect(error?.code == .sourceDenied)
        #expect(error?.isTransient == false)
        #expect(error?.message.contains("loopback") == true)
        #expect(origin.journal.entries.accepted == 0)
    }

    @Test("A name that is allowed, with or without its port, leads to its address", arguments: [true, false])
    func allowedName(withPort: Bool) async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 10))
        let policy = FetchPolicy.loopback(withPort ? "localhost:\(origin.port)" : "localhost") {
            $0.ports = withPort ? [] : [origin.port]
        }
        let fetched = try await HTTPImageSource(policy: policy).fetch("http://localhost:\(origin.port)/image")
        #expect(fetched.count == 10)
    }

    @Test("Schemes that are not configured are refused")
    func schemes() async throws {
        let origin = try Origin()
        let source = try source(for: origin) { $0.schemes = ["https"] }
        #expect(try await source.failure(origin.url("/image"))?.code == .sourceDenied)
        #expect(try await source.failure("ftp://127.0.0.1:\(origin.port)/image")?.code == .sourceDenied)
        #expect(try await source.failure("file:///etc/hostname")?.code == .sourceDenied)
        #expect(origin.journal.entries.accepted == 0)
    }

    @Test("The environment's proxy variables are ignored")
    func proxyVariables() async {
        await #expect(processExitsWith: .success) {
            let proxy = try Origin()
            let origin = try Origin()
            for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
                setenv(name, proxy.url(""), 1)
            }
            unsetenv("no_proxy")
            origin.serve("/image", .pattern(size: 10))
            let fetched = try await source(for: origin).fetch(origin.url("/image"))
            exit(fetched.count == 10 && proxy.journal.entries.accepted == 0 ? 0 : 1)
        }
    }

    @Test("The configured proxy is asked for everything, and hosts are still judged by what the URL says")
    func configuredProxy() async throws {
        let proxy = try Origin()
        // A proxy is asked with the whole URL in the request line.
        proxy.serve("http://images.example/image", .pattern(size: 10))
        let source = try HTTPImageSource(
            policy: .loopback { policy in
                policy.proxy = proxy.url("")
                policy.deny = ["evil.example"].compactMap(HostRule.init)
            })
        #expect(try await source.fetch("http://images.example/image").count == 10)
        #expect(try await source.failure("http://evil.example/image")?.code == .sourceDenied)
        #expect(try await source.failure("http://127.0.0.1/image")?.code == .sourceDenied)
        #expect(proxy.journal.entries.requests.count == 1)
    }
}

import ImageModel
import TestSupport
import Testing

@testable import ImageSource

@Suite("Hostile URLs", .timeLimit(.minutes(10)))
struct HostileURLTests {
    /// Every one of these would reach this machine, its neighbours or a cloud's metadata in some client.
    static let hostile = [
        // Private places under their own names.
        "http://127.0.0.1/", "http://127.255.255.254/", "http://0.0.0.0/", "http://10.1.2.3/", "http://172.31.0.1/",
        "http://192.168.1.1/", "http://100.64.0.1/", "http://169.254.169.254/latest/meta-data/", "http://224.0.0.251/",
        "http://198.18.0.1/", "http://192.0.2.1/", "http://240.0.0.1/", "http://255.255.255.255/",
        "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/",
        "http://[::]/", "http://[::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[fe80::1]/",
        "http://[ff02::1]/", "http://[fec0::1]/", "http://[2001:db8::1]/", "http://[100::1]/", "http://[5f00::1]/",
        // The same, inside another address.
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
        "http://[::127.0.0.1]/", "http://[::7f00:1]/", "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/",
        "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/",
        "http://[2001:0:7f00:1::]/", "http://[2606:4700::5efe:10.0.0.1]/", "http://[2606:4700::200:5efe:7f00:1]/",
        "http://[::ffff:0:127.0.0.1]/", "http://[fe80::a9fe:a9fe]/",
        // Other spellings of the same.
        "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/",
        "http://127.1/", "http://127.0.1/", "http://0/", "http://127.0.0.01/", "http://127.0.0.1./",
        "http://00000177.1/", "http://0x7F.1/", "http://127.0.0.0x1/", "http://169.254.43518/",
        "http://425.510.425.510/",
        "http://%31%32%37.0.0.1/", "http://127%2E0%2E0%2E1/", "http://127.0.0.1%00.good.example/",
        "http://\u{2460}\u{2461}\u{2466}.0.0.1/", "http://127\u{3002}0\u{3002}0\u{3002}1/", "http://\u{FF11}27.0.0.1/",
        "http://[::1%25lo]/", "http://[::1%lo]/", "http://[fe80::1%25eth0]/", "http://[0000::1]:80/",
        // Parsers that disagree.
        "http://good.example@127.0.0.1/", "http://good.example:80@127.0.0.1/", "http://@127.0.0.1/",
        "http://127.0.0.1\\@good.example/", "http://good.example\\@127.0.0.1/", "http:\\\\127.0.0.1/",
        "http:/127.0.0.1/", "http:127.0.0.1/", "http:///127.0.0.1/", "http:////127.0.0.1/", "//127.0.0.1/",
        "http://127.0.0.1:80:80/", "http://127.0.0.1:/", "http://127.0.0.1:080/",
        "http://127.0.0.1:+80/", "http://good.example:80 @127.0.0.1/", "http://127.0.0.1\t/", "http://127.0.0.1\r\n/",
        " http://127.0.0.1/", "http://good.example\u{0}.127.0.0.1/",
        // Names that lead there.
        "http://localhost/", "http://LOCALHOST./", "http://private.example/", "http://mapped.example/",
        "http://metadata.example/", "http://mixed.example/", "http://mixed6.example/", "http://mixed-last.example/",
        "http://nat64.example/",
        // Ports and schemes nobody named.
        "http://good.example:22/", "http://good.example:6379/", "https://good.example:8443/", "ftp://good.example/",
        "file:///etc/passwd", "file://good.example/etc/passwd", "gopher://good.example/", "dict://good.example:80/",
        "s3://bucket/image", "jar:http://good.example/", "javascript:alert(1)", "data:,image", "ldap://good.example/",
    ]

    private func network() throws -> FencedNetwork {
        let network = try FencedNetwork()
        network.answer("localhost", ["127.0.0.1", "::1"])
        network.answer("private.example", ["10.0.0.7"])
        network.answer("mapped.example", ["::ffff:10.0.0.7"])
        network.answer("metadata.example", ["169.254.169.254"])
        network.answer("mixed.example", ["93.184.216.34", "127.0.0.1"])
        network.answer("mixed6.example", ["93.184.216.34", "fd00::1"])
        network.answer("mixed-last.example", (1...40).map { "93.184.216.\($0)" } + ["192.168.0.1"])
        network.answer("nat64.example", ["64:ff9b::10.0.0.1"])
        return network
    }

    @Test("No hostile URL leads to a connection", arguments: hostile)
    func asked(url: String) async throws {
        let network = try network()
        let error = try await network.source().failure(url)
        #expect(error?.code == .sourceDenied, "\(String(describing: error))")
        #expect(error?.isTransient == false)
        #expect(network.connections.isEmpty, "\(network.connections)")
        #expect(network.origin.journal.entries.accepted == 0)
    }

    @Test("No redirect to a hostile URL leads to a second connection", arguments: hostile)
    func redirected(url: String) async throws {
        // What cannot stand in a header field cannot come from a server.
        guard !url.utf8.contains(where: { $0 < 0x20 }) else { return }
        let network = try network()
        network.origin.serve("/from", .redirect(to: url))
        let error = try await network.source().failure("http://good.example/from")
        // A reference without scheme and host stays where it is, and that is a server we may ask.
        let code = try #require(error?.code, "\(String(describing: error))")
        #expect([.sourceDenied, .sourceRedirect].contains(code), "\(String(describing: error))")
        #expect(network.connections.count == 1)
        #expect(network.origin.journal.entries.accepted == 1)
    }

    @Test(
        "The fence counts what the guard lets through: an honest URL connects to its judged address",
        arguments: [
            ("http://good.example/image", "93.184.216.34"), ("http://GOOD.example./image", "93.184.216.34"),
            ("http://good.example:80/image", "93.184.216.34"), ("http://93.184.216.34/image", "93.184.216.34"),
            ("http://[2606:4700::1111]/image", "2606:4700::1111"),
            ("http://[2606:4700:0:0::1111]:80/image", "2606:4700::1111"),
            ("http://xn--bcher-kva.example/image", "2606:4700::1111"),
            ("http://good.example/image#@127.0.0.1/", "93.184.216.34"),
            ("http://good.example/image?@127.0.0.1/", "93.184.216.34"),
        ])
    func honest(url: String, address: String) async throws {
        let network = try network()
        network.answer("xn--bcher-kva.example", ["2606:4700::1111"])
        #expect(try await network.source().fetch(url).count == 10)
        #expect(network.connections == [SocketAddress(address: try #require(IPAddress(address)), port: 80)])
        let host = network.origin.journal.entries.requests.first?["host"]
        #expect(host?.hasPrefix(url.contains("xn--") ? "xn--" : url.contains("ood") ? "good.example" : "") == true)
        #expect(host?.hasSuffix(".") == false)
    }

    @Test("A name that changes its address after it was judged gains nothing: it is asked once for each hop")
    func rebinding() async throws {
        let network = try network()
        network.answer("rebind.example", ["93.184.216.34"], ["127.0.0.1"])
        #expect(try await network.source().fetch("http://rebind.example/image").count == 10)
        #expect(network.questions == ["rebind.example"])
        #expect(network.connections.map(\.address.description) == ["93.184.216.34"])
        // The second fetch, and a redirect to itself, meet the private address and end there.
        #expect(try await network.source().failure("http://rebind.example/image")?.code == .sourceDenied)
        network.answer("rebind.example", ["93.184.216.34"], ["169.254.169.254"])
        network.origin.serve("/again", .redirect(to: "/image"))
        #expect(try await network.source().failure("http://rebind.example/again")?.code == .sourceDenied)
        #expect(network.connections.count == 2)
    }

    @Test("Transfers of one source do not share what a name meant to another of them")
    func noSharedNames() async throws {
        let network = try network()
        network.answer("moving.example", ["93.184.216.34"], ["93.184.216.35"], ["93.184.216.36"])
        let source = try network.source()
        for _ in 0..<3 { _ = try await source.fetch("http://moving.example/image") }
        #expect(network.connections.map(\.address.bytes.last) == [34, 35, 36])
    }

    @Test("The socket itself is judged too: an address that was not pinned is refused there")
    func lastLine() throws {
        let order = TransferOrder(
            id: 1, target: try FetchTarget(url: "http://good.example/image", query: nil), fields: [],
            judge: ResponseJudge(url: "", hop: "", sizeLimit: 1, resume: nil), policy: FetchPolicy(),
            addresses: ["93.184.216.34", "127.0.0.1"].compactMap { IPAddress($0) }, connectTimeout: .seconds(1),
            diversion: nil, deadline: .zero)
        let transfer = CurlTransfer(
            order, mailbox: TransferMailbox(),
            inbox: NetworkInbox(multi: UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)))
        for (address, port, isAllowed) in [
            ("93.184.216.34", 80, true), ("93.184.216.34", 81, false), ("93.184.216.35", 80, false),
            ("127.0.0.1", 80, false), ("10.0.0.1", 80, false),
        ] as [(String, UInt16, Bool)] {
            let place = SocketAddress(address: try #require(IPAddress(address)), port: port)
            let raw = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 8)
            defer { raw.deallocate() }
            _ = place.write(to: raw)
            #expect(SocketAddress(UnsafeRawPointer(raw)) == place)
            #expect(transfer.allows(UnsafeRawPointer(raw)) == isAllowed, "\(place)")
        }
    }

    @Test("A name server that does not answer within the time to connect costs an attempt, not the worker")
    func silentNameServer() async throws {
        struct Silence: AddressResolver {
            func addresses(of host: String) async throws -> [IPAddress] {
                try await Task.sleep(for: .seconds(3_600))
                return []
            }
        }
        var policy = FetchPolicy()
        policy.timeouts.connect = .milliseconds(50)
        let source = try HTTPImageSource(policy: policy, resolver: Silence()) { $0 }
        let error = try await source.failure("http://silent.example/image")
        #expect(error?.code == .sourceUnavailable)
        #expect(error?.isTransient == true)
    }
}

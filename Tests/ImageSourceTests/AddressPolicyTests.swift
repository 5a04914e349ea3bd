import ImageSource
import Testing

@Suite("Which addresses may be connected to")
struct AddressPolicyTests {
    @Test(
        "Every address has a reach",
        arguments: [
            ("8.8.8.8", .global), ("1.1.1.1", .global), ("2606:4700::1111", .global), ("172.32.0.1", .global),
            ("100.63.255.255", .global), ("100.128.0.0", .global), ("11.0.0.0", .global), ("169.253.255.255", .global),
            ("127.0.0.1", .loopback), ("127.255.255.255", .loopback), ("::1", .loopback),
            ("0.0.0.0", .unspecified), ("0.1.2.3", .unspecified), ("::", .unspecified),
            ("10.0.0.0", .private), ("10.255.255.255", .private), ("172.16.0.0", .private),
            ("172.31.255.255", .private), ("192.168.0.1", .private), ("fc00::1", .private), ("fdff::1", .private),
            ("fec0::1", .private), ("64:ff9b:1::1", .private),
            ("100.64.0.0", .carrier), ("100.127.255.255", .carrier),
            ("169.254.0.1", .linkLocal), ("fe80::1", .linkLocal), ("febf::1", .linkLocal),
            ("169.254.169.254", .metadata), ("fd00:ec2::254", .metadata), ("100.100.100.200", .metadata),
            ("168.63.129.16", .metadata), ("192.0.0.192", .metadata),
            ("224.0.0.1", .multicast), ("239.255.255.255", .multicast), ("ff02::1", .multicast),
            ("240.0.0.1", .reserved), ("255.255.255.255", .reserved), ("192.0.2.1", .reserved),
            ("198.19.0.1", .reserved), ("203.0.113.9", .reserved), ("2001:db8::1", .reserved), ("2001::1", .reserved),
            ("100::1", .reserved), ("::7f00:1", .reserved), ("4000::1", .reserved), ("::ffff:0:7f00:1", .reserved),
            ("::ffff:127.0.0.1", .loopback), ("::ffff:10.0.0.1", .private), ("::ffff:8.8.8.8", .global),
            ("::ffff:169.254.169.254", .metadata), ("64:ff9b::7f00:1", .loopback), ("64:ff9b::a9fe:a9fe", .metadata),
            ("64:ff9b::808:808", .global), ("2002:7f00:1::1", .loopback), ("2002:a00:1::1", .private),
            ("2002:808:808::1", .global), ("2606:4700::5efe:a00:1", .private), ("2606:4700::200:5efe:808:808", .global),
            ("fe80::a9fe:a9fe", .metadata), ("169.254.42.42", .metadata), ("fd00:42::42", .metadata),
        ] as [(String, AddressReach)])
    func reach(text: String, reach: AddressReach) throws {
        #expect(AddressReach(try #require(IPAddress(text))) == reach)
    }

    @Test("No address but a global one is allowed unless a rule names it", arguments: AddressReach.allCases)
    func onlyGlobalByDefault(reach: AddressReach) throws {
        let examples: [AddressReach: String] = [
            .global: "8.8.8.8", .unspecified: "0.0.0.0", .loopback: "127.0.0.1", .private: "10.0.0.1",
            .carrier: "100.64.0.1", .linkLocal: "169.254.0.1", .metadata: "169.254.169.254", .multicast: "224.0.0.1",
            .reserved: "240.0.0.1",
        ]
        let example = try #require(examples[reach])
        let address = try #require(IPAddress(example))
        let verdict = AddressPolicy(FetchPolicy()).judge(address: address, host: "h.example", port: 443)
        #expect((verdict == nil) == (reach == .global))
        #expect(verdict?.contains(address.description) != true)
    }

    @Test(
        "A rule allows what it names and nothing else",
        arguments: [
            ("minio.internal", "minio.internal", "10.0.0.5", 443, true),
            ("minio.internal", "MINIO.internal.", "10.0.0.5", 443, true),
            ("minio.internal", "other.internal", "10.0.0.5", 443, false),
            ("minio.internal", "minio.internal", "10.0.0.5", 9_000, false),
            ("minio.internal", "minio.internal", "169.254.169.254", 443, false),
            ("minio.internal:9000", "minio.internal", "10.0.0.5", 9_000, true),
            ("minio.internal:9000", "minio.internal", "10.0.0.5", 443, false),
            ("minio.internal:9000", "other.internal", "10.0.0.5", 9_000, false),
            ("minio.internal:9000", "other.internal", "8.8.8.8", 9_000, false),
            ("*.internal", "minio.internal", "10.0.0.5", 443, true),
            ("*.internal", "internal", "10.0.0.5", 443, false),
            ("*.internal", "eviinternal", "10.0.0.5", 443, false),
            ("10.0.0.0/8", "any.example", "10.9.9.9", 443, true),
            ("10.0.0.0/8", "any.example", "10.9.9.9", 9_000, false),
            ("10.0.0.0/8", "any.example", "192.168.0.1", 443, false),
            ("10.0.0.0/8", "any.example", "::ffff:10.9.9.9", 443, true),
            ("10.0.0.0/8", "any.example", "64:ff9b::a09:909", 443, false),
            ("10.0.0.5", "any.example", "10.0.0.5", 443, true), ("10.0.0.5", "any.example", "10.0.0.6", 443, false),
            ("10.0.0.5:9000", "any.example", "10.0.0.5", 9_000, true),
            ("[fd00::1]:9000", "any.example", "fd00::1", 9_000, true),
            ("fd00::/8", "any.example", "fd12::1", 443, true), ("fd00::/8", "any.example", "fd00:ec2::254", 443, false),
            ("0.0.0.0/0", "any.example", "127.0.0.1", 443, true),
            ("0.0.0.0/0", "any.example", "169.254.169.254", 443, false),
            ("169.254.169.254", "any.example", "169.254.169.254", 443, true),
        ] as [(String, String, String, UInt16, Bool)])
    func allowRules(rule: String, host: String, address: String, port: UInt16, isAllowed: Bool) throws {
        var policy = FetchPolicy()
        policy.allowPrivate = [try #require(HostRule(rule))]
        let address = try #require(IPAddress(address))
        #expect((AddressPolicy(policy).judge(address: address, host: host, port: port) == nil) == isAllowed)
    }

    @Test("A denial wins over every permission, and only narrows without giving any")
    func denyAndOnly() throws {
        let global = try #require(IPAddress("8.8.8.8"))
        let inner = try #require(IPAddress("10.0.0.5"))
        let translated = try #require(IPAddress("64:ff9b::808:808"))
        var policy = FetchPolicy()
        policy.allowPrivate = ["10.0.0.0/8"].compactMap(HostRule.init)
        policy.only = ["10.0.0.0/8", "good.example"].compactMap(HostRule.init)
        policy.deny = ["bad.example", "10.0.0.5", "8.8.8.0/24"].compactMap(HostRule.init)
        let rules = AddressPolicy(policy)
        #expect(rules.judge(address: inner, host: "h", port: 443)?.contains("fetch.deny") == true)
        #expect(rules.judge(address: global, host: "good.example", port: 443)?.contains("fetch.deny") == true)
        #expect(rules.judge(address: translated, host: "good.example", port: 443)?.contains("fetch.deny") == true)
        #expect(rules.refusal(scheme: "https", host: "bad.example", port: 443)?.contains("fetch.deny") == true)
        policy.deny = []
        #expect(AddressPolicy(policy).judge(address: inner, host: "h", port: 443) == nil)
        #expect(AddressPolicy(policy).judge(address: global, host: "good.example", port: 443) == nil)
        #expect(AddressPolicy(policy).judge(address: global, host: "h", port: 443)?.contains("fetch.only") == true)
        policy.allowPrivate = []
        #expect(AddressPolicy(policy).judge(address: inner, host: "h", port: 443)?.contains("private") == true)
    }

    @Test("Schemes and ports are judged before a name is resolved")
    func schemesAndPorts() {
        var policy = FetchPolicy()
        policy.schemes = ["https"]
        policy.allowPrivate = ["minio.internal:9000"].compactMap(HostRule.init)
        let rules = AddressPolicy(policy)
        #expect(rules.refusal(scheme: "https", host: "h.example", port: 443) == nil)
        #expect(rules.refusal(scheme: "http", host: "h.example", port: 80)?.contains("fetch.schemes") == true)
        #expect(rules.refusal(scheme: "https", host: "h.example", port: 22)?.contains("fetch.ports") == true)
        #expect(rules.refusal(scheme: "https", host: "minio.internal", port: 9_000) == nil)
        #expect(rules.refusal(scheme: "https", host: "127.0.0.1", port: 443)?.contains("loopback") == true)
        #expect(rules.judgeBehindProxy(host: "other.example", port: 9_000)?.contains("fetch.ports") == true)
        #expect(rules.judgeBehindProxy(host: "minio.internal", port: 9_000) == nil)
        #expect(rules.judgeBehindProxy(host: "h.example", port: 443) == nil)
        for host in ["localhost", "a.localhost.", "METADATA.google.internal", "instance-data"] {
            #expect(rules.judgeBehindProxy(host: host, port: 443)?.contains("allow_private") == true)
        }
    }

    @Test(
        "What is neither name nor address nor network is no rule",
        arguments: [
            "", ":80", "h:", "h:0", "h:65536", "h:x", "10.0.0.1/8", "10.0.0.0/33", "::/129", "a..b", "-/8", "h/24",
            "[10.0.0.1]:80", "[::1", "[::1]80", "a b", "http://h", "*", "*.", "h:1:2",
        ])
    func noRule(text: String) {
        #expect(HostRule(text) == nil)
    }
}

import ImageModel

extension OperatingSystem {
    /// What an OVF descriptor says of the guest, in the words of a job.
    ///
    /// - Parameters:
    ///   - cimType: `CIM_OperatingSystem.OsType`.
    ///   - version: As the descriptor has it.
    ///   - vendorType: `vmw:osType`, such as `ubuntu64Guest`; counts where the number says nothing.
    init(cimType: Int?, version: String?, vendorType: String?) {
        self.init(version: version.flatMap { (1...64).contains($0.count) ? $0 : nil })
        if let known = cimType.flatMap({ Self.cimTypes[$0] }) {
            (type, distro, arch) = known
        } else if let vendorType, let known = Self.vendorTypes.first(where: { vendorType.hasPrefix($0.prefix) }) {
            (type, distro) = (known.type, known.distro)
        }
        if arch == nil, vendorType?.hasSuffix("64Guest") == true { arch = "x86_64" }
    }

    private typealias Known = (type: String?, distro: String?, arch: String?)

    /// The values of the CIM schema that guests of today have.
    private static let cimTypes: [Int: Known] = [
        36: ("linux", nil, nil), 42: ("freebsd", nil, nil), 67: ("windows", nil, nil), 69: ("windows", nil, nil),
        70: ("windows", nil, "x86_64"), 73: ("windows", nil, nil), 74: ("windows", nil, "x86_64"),
        76: ("windows", nil, nil), 77: ("windows", nil, "x86_64"), 78: ("freebsd", nil, "x86_64"),
        79: ("linux", "rhel", nil), 80: ("linux", "rhel", "x86_64"), 82: ("linux", "suse", nil),
        83: ("linux", "suse", "x86_64"), 84: ("linux", "sles", nil), 85: ("linux", "sles", "x86_64"),
        93: ("linux", "ubuntu", nil), 94: ("linux", "ubuntu", "x86_64"), 95: ("linux", "debian", nil),
        96: ("linux", "debian", "x86_64"), 97: ("linux", nil, nil), 98: ("linux", nil, "x86_64"),
        99: ("linux", nil, nil), 100: ("linux", nil, "x86_64"), 101: ("linux", nil, "x86_64"),
        103: ("windows", nil, "x86_64"), 105: ("windows", nil, nil), 106: ("linux", "centos", nil),
        107: ("linux", "centos", "x86_64"), 108: ("linux", "oracle", nil), 109: ("linux", "oracle", "x86_64"),
    ]

    private static let vendorTypes: [(prefix: String, type: String, distro: String?)] = [
        ("ubuntu", "linux", "ubuntu"), ("debian", "linux", "debian"), ("centos", "linux", "centos"),
        ("rhel", "linux", "rhel"), ("sles", "linux", "sles"), ("oracleLinux", "linux", "oracle"),
        ("fedora", "linux", "fedora"), ("rockylinux", "linux", "rocky"), ("almalinux", "linux", "alma"),
        ("other3xLinux", "linux", nil), ("other4xLinux", "linux", nil), ("other5xLinux", "linux", nil),
        ("other26xLinux", "linux", nil), ("otherLinux", "linux", nil), ("windows", "windows", nil),
        ("win", "windows", nil), ("freebsd", "freebsd", nil),
    ]
}

import Glibc

/// An address and a port.
struct SocketAddress: Hashable, Sendable {
    var address: IPAddress
    var port: UInt16
}

extension SocketAddress {
    /// What a socket is about to connect to (sockaddr(3type)); nil for a family that is neither IPv4 nor IPv6.
    init?(_ raw: UnsafeRawPointer) {
        guard let address = IPAddress(socketAddress: raw) else { return nil }
        self.address = address
        // The port stands at the same place in both families.
        port = UInt16(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_port)
    }

    /// Writes the address where there is room for one of either family; returns its length.
    func write(to raw: UnsafeMutableRawPointer) -> (family: Int32, length: UInt32) {
        if address.bytes.count == 4 {
            var socket = sockaddr_in()
            socket.sin_family = sa_family_t(AF_INET)
            socket.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &socket.sin_addr) { $0.copyBytes(from: address.bytes) }
            raw.copyMemory(from: &socket, byteCount: MemoryLayout.size(ofValue: socket))
            return (AF_INET, UInt32(MemoryLayout<sockaddr_in>.size))
        }
        var socket = sockaddr_in6()
        socket.sin6_family = sa_family_t(AF_INET6)
        socket.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &socket.sin6_addr) { $0.copyBytes(from: address.bytes) }
        raw.copyMemory(from: &socket, byteCount: MemoryLayout.size(ofValue: socket))
        return (AF_INET6, UInt32(MemoryLayout<sockaddr_in6>.size))
    }
}

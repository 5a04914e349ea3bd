import Glibc

/// A port that can be closed and opened and is nobody else's meanwhile: a second socket, which never listens, keeps it.
final class ProxyListener {
    let port: UInt16
    private let keeper: Int32
    /// The socket that listens; -1, which poll(2) ignores, while connections are refused.
    private(set) var descriptor: Int32 = -1

    init() throws {
        (keeper, port) = try Self.bindToLoopback(port: 0)
        try open()
    }

    deinit {
        refuse()
        close(keeper)
    }

    /// Lets connections in.
    func open() throws {
        guard descriptor < 0 else { return }
        descriptor = try Self.bindToLoopback(port: port).descriptor
        guard listen(descriptor, 256) == 0 else { throw SystemCallError("listen") }
    }

    /// Refuses connections; those that nobody accepted yet are reset.
    func refuse() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private static func bindToLoopback(port: UInt16) throws -> (descriptor: Int32, port: UInt16) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
        var on: Int32 = 1
        for option in [SO_REUSEADDR, SO_REUSEPORT] {
            setsockopt(descriptor, SOL_SOCKET, option, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = loopback(port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            throw SystemCallError("bind to loopback")
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}

/// A port of 127.0.0.1.
func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    return address
}

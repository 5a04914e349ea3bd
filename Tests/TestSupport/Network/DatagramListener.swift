import Foundation
import Synchronization

/// A Unix datagram socket that keeps what it hears: the service manager's side of its notifications.
public final class DatagramListener: Sendable {
    private let descriptor: Int32
    private let path: String
    private let thread = Mutex<pthread_t?>(nil)

    /// Listens under a path, or under an abstract name that begins with `@`.
    ///
    /// - Parameter onDatagram: Called with each datagram, on a thread of the listener's own.
    public init(_ path: String, onDatagram: @escaping @Sendable (String) -> Void) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 } else { name.append(0) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let isBound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
        }
        guard isBound else {
            let error = SystemCallError("bind \(path)")
            Glibc.close(descriptor)
            throw error
        }
        let listener = descriptor
        let made = startThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(listener, &buffer, buffer.count, 0)
                // A shut socket ends every wait with nothing.
                guard count > 0 else {
                    if count < 0, errno == EINTR { continue }
                    return
                }
                onDatagram(String(decoding: buffer.prefix(count), as: UTF8.self))
            }
        }
        thread.withLock { $0 = made }
    }

    /// Hears no more.
    public func close() {
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let thread else { return }
        shutdown(descriptor, Int32(SHUT_RDWR))
        pthread_join(thread, nil)
        Glibc.close(descriptor)
        if path.hasPrefix("/") { unlink(path) }
    }
}

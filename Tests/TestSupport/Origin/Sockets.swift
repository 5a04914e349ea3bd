import Glibc

/// A system call that failed, in a test's own machinery.
public struct SystemCallError: Error, CustomStringConvertible {
    /// The call and its errno.
    public let description: String

    init(_ call: String) {
        description = "\(call): \(String(cString: strerror(errno)))"
    }
}

/// A socket that listens on 127.0.0.1, and the port the kernel chose.
func listenOnLoopback() throws -> (descriptor: Int32, port: UInt16) {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, type, 0)
    guard descriptor >= 0 else { throw SystemCallError("socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            bind(descriptor, pointer, length) == 0 && listen(descriptor, 256) == 0
                && getsockname(descriptor, pointer, &length) == 0
        }
    }
    guard isListening else {
        close(descriptor)
        throw SystemCallError("listen on loopback")
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// Waits until one of the descriptors is ready and tells which are; none after `milliseconds`.
func waitFor(_ wanted: [(descriptor: Int32, events: Int32)], milliseconds: Int32 = -1) -> [Bool] {
    var entries = wanted.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
    while poll(&entries, nfds_t(entries.count), milliseconds) < 0 {
        guard errno == EINTR else { return wanted.map { _ in false } }
    }
    return entries.map { $0.revents != 0 }
}

/// Runs `body` on a thread of its own, to be joined.
func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(code == 0, "pthread_create: errno \(code)")
    return thread
}

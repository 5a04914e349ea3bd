import Glibc
import Synchronization

/// A broker that does what a script says, on a port of loopback.
///
/// It speaks as much AMQP 0-9-1 as the script asks it to, and is meant for what a real broker never does: falling
/// silent, not reading, interleaving channels at will. Connections are served one after another on a thread of its
/// own. No read waits longer than two minutes.
public final class FakeBroker: Sendable {
    /// The port it listens on.
    public let port: UInt16
    /// A URL for clients.
    public var url: String { "amqp://guest:guest@127.0.0.1:\(port)/" }

    private let listener: Int32
    private let isStopped = Atomic<Bool>(false)

    /// Starts listening.
    ///
    /// - Parameter script: Serves one connection; its number counts from 1. When it returns or throws, the
    ///   connection is closed. A throw is not an error of the broker: clients may go at any time.
    public init(_ script: @escaping @Sendable (FakePeer, Int) throws -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) | listen(listener, 16) | getsockname(listener, address, &size)
            }
        }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        guard status == 0 else {
            close(listener)
            throw FakeBrokerError(message: "cannot listen")
        }
        let start = Unmanaged.passRetained(Script { [self] in serve(script) })
        var thread = pthread_t()
        let created = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Script>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            start.toOpaque()
        )
        guard created == 0 else {
            start.release()
            throw FakeBrokerError(message: "cannot start a thread")
        }
        pthread_detach(thread)
    }

    /// Stops listening. A connection being served is served to its end.
    public func stop() {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve(_ script: (FakePeer, Int) throws -> Void) {
        var number = 0
        while !isStopped.load(ordering: .relaxed) {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            number += 1
            let peer = FakePeer(descriptor: descriptor)
            // The client's going is what many scripts end with.
            try? script(peer, number)
        }
        close(listener)
    }

    private final class Script {
        let run: () -> Void

        init(_ run: @escaping () -> Void) { self.run = run }
    }
}

/// A script came upon something it did not expect.
public struct FakeBrokerError: Error {
    /// What it was.
    public let message: String
}

import Foundation
import Synchronization
import TestSupport

/// A way to the broker that a test can close and open: a forwarder on a port of its own.
///
/// While it is closed its port refuses connections, as that of a broker does that is down.
final class BrokerDoor: Sendable {
    let url: String

    private let port: UInt16
    private let target: UInt16
    private let program: Mutex<Program?>

    init(before broker: String) async throws {
        var components = URLComponents(string: broker)
        target = UInt16(components?.port ?? 5_672)
        let first = try Self.start(port: 0, target: target)
        let port = try await first.output.first("a port") { UInt16($0) }
        self.port = port
        components?.port = Int(port)
        components?.host = "127.0.0.1"
        url = components?.string ?? ""
        program = Mutex(first)
    }

    deinit { close() }

    /// Cuts all connections and lets no new one in.
    func close() {
        program.withLock { program in
            program?.signal(SIGKILL)
            program = nil
        }
    }

    /// Lets connections in again.
    func open() throws {
        let next = try Self.start(port: port, target: target)
        program.withLock { $0 = next }
    }

    private static func start(port: UInt16, target: UInt16) throws -> Program {
        try Program(
            "/usr/bin/python3", ["-c", forwarder, "\(port)", "\(target)"], environment: ["PATH": "/usr/bin:/bin"])
    }

    private static let forwarder = """
        import asyncio, sys
        async def copy(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()
        async def serve(reader, writer):
            try:
                there = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
            except OSError:
                return writer.close()
            await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))
        async def main():
            server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()
        asyncio.run(main())
        """
}

import Glibc
import Synchronization
import Testing

@testable import RabbitMQ

@Suite("The thread of a connection and its watchdog", .timeLimit(.minutes(10)))
struct ThreadingTests {
    /// An actor with a thread, and nothing to do on it.
    private actor Resident: ThreadResident {
        nonisolated let thread: ConnectionThread
        private(set) var threads: Set<UInt> = []
        private let onEnd: @Sendable () -> Void

        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

        init(onEnd: @escaping @Sendable () -> Void = {}) throws(RabbitMQError) {
            self.onEnd = onEnd
            thread = try ConnectionThread(name: "test")
            thread.serve(self)
        }

        deinit {
            thread.stop()
            onEnd()
        }

        func turn() -> LoopPause { LoopPause(limit: .seconds(1)) }

        func note() { threads.insert(UInt(pthread_self())) }
    }

    @Test("All of an actor's jobs run on its thread, and it knows that")
    func oneThread() async throws {
        let resident = try Resident()
        await withTaskGroup { group in
            for _ in 0..<100 { group.addTask { await resident.note() } }
        }
        #expect(await resident.threads.count == 1)
        #expect(await !resident.threads.contains(UInt(pthread_self())))
        #expect(resident.thread.isIsolatingCurrentContext() == false)
        let isIsolating = await withCheckedContinuation { continuation in
            resident.thread.perform {
                continuation.resume(returning: resident.assumeIsolated { $0.thread.isIsolatingCurrentContext() })
            }
        }
        #expect(isIsolating == true)
    }

    @Test("The thread does not keep its actor alive")
    func lifetime() async throws {
        let (ended, signal) = AsyncStream.makeStream(of: Void.self)
        weak var weakResident: Resident?
        do {
            let resident = try Resident { signal.finish() }
            weakResident = resident
            await resident.note()
        }
        for await _ in ended {}
        #expect(weakResident == nil)
    }

    @Test("A socket is shut down after so many looks without a beat, and not while there are beats")
    func looks() throws {
        let sockets = try SocketPair()
        let pulse = WatchdogPulse(descriptor: dup(sockets.mine), limit: 2)
        for _ in 1...10 {
            pulse.beat()
            pulse.look()
            pulse.look()
        }
        #expect(!sockets.peerIsShutDown)
        pulse.look()
        #expect(sockets.peerIsShutDown)
        pulse.stop()
        #expect(fcntl(sockets.mine, F_GETFD) >= 0, "the owner's descriptor is its own")
    }

    @Test("The watchdog looks by itself")
    func watchdog() async throws {
        let sockets = try SocketPair()
        let pulse = try #require(Watchdog.shared.watch(sockets.mine, limit: 1))
        while !sockets.peerIsShutDown { try await Task.sleep(for: .milliseconds(20)) }
        pulse.stop()
        #expect(pulse.isStopped)
    }

    @Test("A queue gives back in order what was put in, whatever is taken between", arguments: 0..<20)
    func queue(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = FIFO<Int>()
        var model: [Int] = []
        for step in 0..<500 {
            switch Int.random(in: 0...4, using: &random) {
            case 0, 1:
                queue.append(step)
                model.append(step)
            case 2:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 3:
                queue.prepend(-step)
                model.insert(-step, at: 0)
            default:
                queue.removeAll { $0.isMultiple(of: 17) }
                model.removeAll { $0.isMultiple(of: 17) }
            }
            #expect(queue.isEmpty == model.isEmpty)
        }
        while let item = queue.popFirst() { #expect(item == model.removeFirst()) }
        #expect(model.isEmpty)
    }
}

/// Two sockets that are connected with each other.
private final class SocketPair {
    let mine: Int32
    private let peer: Int32

    init() throws {
        var descriptors: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &descriptors) == 0)
        (mine, peer) = (descriptors[0], descriptors[1])
    }

    deinit {
        close(mine)
        close(peer)
    }

    var peerIsShutDown: Bool {
        var byte: UInt8 = 0
        return recv(peer, &byte, 1, Int32(MSG_DONTWAIT)) == 0
    }
}

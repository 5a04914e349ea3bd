import Glibc
import Synchronization

/// What a ``Proxy`` asks of its thread.
final class ProxyOrders: Sendable {
    /// All that was asked since the thread last looked, and how it is to be from now on.
    struct List {
        var condition = LinkCondition.clear
        var armed: [Trap] = []
        var disarms = false
        var resets = false
        var stops = false
        /// Orders since the beginning.
        var count = 0
    }

    /// Readable when there is something to look at; for poll(2).
    let descriptor: Int32
    private let writer: Int32
    private let list = Mutex(List())

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemCallError("pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (descriptor, writer) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    /// Adds an order and wakes the thread.
    ///
    /// - Returns: The order's number.
    func give(_ change: (inout List) -> Void) -> Int {
        let number = list.withLock { list in
            change(&list)
            list.count += 1
            return list.count
        }
        // When the pipe is full there is a signal already.
        var byte: UInt8 = 1
        write(writer, &byte, 1)
        return number
    }

    /// What the thread has to do now.
    func take() -> List {
        list.withLock { list in
            defer {
                list.armed = []
                list.disarms = false
                list.resets = false
            }
            return list
        }
    }

    /// Makes the descriptor unreadable until the next order.
    func clearSignal() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) > 0 {}
    }
}

import Glibc

/// A signal that is given once and then stays: threads of an ``Origin`` wait for it.
public final class Gate: Sendable {
    /// Readable from the moment the gate is open; for poll(2).
    let descriptor: Int32
    private let writer: Int32

    /// A closed gate.
    public init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "pipe: errno \(errno)")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (descriptor, writer) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    /// Opens the gate for good; once is enough.
    public func open() {
        var byte: UInt8 = 1
        write(writer, &byte, 1)
    }
}

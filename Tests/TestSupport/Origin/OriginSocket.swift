import Glibc

/// One accepted connection. Every wait ends when the origin stops or the client hangs up.
struct OriginSocket: Sendable {
    /// Why a wait or a write did not go on.
    enum Interruption: Error {
        case clientGone
        case stopped
    }

    /// POLLRDHUP of poll(2), which hides behind a feature test macro.
    private static let peerHungUp: Int32 = 0x2000

    let descriptor: Int32
    let stop: Int32

    /// The head of the next request, without its empty line; nil when the client closed the connection.
    func receiveHead() throws(Interruption) -> String? {
        var head: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while head.count < 64 << 10 {
            let ready = waitFor([(descriptor, POLLIN), (stop, POLLIN)])
            if ready[1] { throw .stopped }
            var byte: UInt8 = 0
            // One at a time, so that nothing of a next request is taken.
            let count = recv(descriptor, &byte, 1, 0)
            if count == 0 { return nil }
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { continue }
                return nil
            }
            head.append(byte)
            if byte == UInt8(ascii: "\n"), head.suffix(4) == end[...] {
                return String(decoding: head.dropLast(4), as: UTF8.self)
            }
        }
        return nil
    }

    /// Sends all bytes, calling `onStuck` each time the client takes nothing for 300 ms.
    func send(_ bytes: [UInt8], onProgress: (Int) -> Void, onStuck: () -> Void) throws(Interruption) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor, UnsafeRawBufferPointer(rebasing: buffer[sent...]).baseAddress, buffer.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
                onProgress(count)
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { throw .clientGone }
            let ready = waitFor([(descriptor, POLLOUT), (stop, POLLIN)], milliseconds: 300)
            if ready[1] { throw .stopped }
            if !ready[0] { onStuck() }
        }
    }

    /// Waits for a gate.
    func wait(for gate: Gate) throws(Interruption) {
        let ready = waitFor([(gate.descriptor, POLLIN), (stop, POLLIN), (descriptor, Self.peerHungUp)])
        if ready[0] { return }
        throw ready[1] ? .stopped : .clientGone
    }

    /// Lets time pass.
    func pause(milliseconds: Int32) throws(Interruption) {
        let ready = waitFor([(stop, POLLIN), (descriptor, Self.peerHungUp)], milliseconds: milliseconds)
        if ready[0] { throw .stopped }
        if ready[1] { throw .clientGone }
    }

    /// Closes in order.
    func close() {
        Glibc.close(descriptor)
    }

    /// Closes with a reset (socket(7), SO_LINGER).
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        Glibc.close(descriptor)
    }
}

import CRabbitMQ

@testable import RabbitMQ

/// Shows librabbitmq and our assembler of messages what a broker might send: neither may trap, a message is never more
/// than was announced, and it does not matter how the bytes are cut.
///
/// The first byte is a number of bytes to cut after; the rest are frames.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrames(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start, count: count).dropFirst())
    // As texts: a number that is none is not equal to itself.
    let whole = outputs(of: bytes, chunk: bytes.count).map { "\($0)" }
    let parts = outputs(of: bytes, chunk: 1 + Int(start.pointee)).map { "\($0)" }
    precondition(parts == whole, "the cut changes the messages")
    return 0
}

private let bodyLimit = 100

/// What comes out until something is wrong.
private func outputs(of bytes: [UInt8], chunk: Int) -> [ContentAssembler.Output] {
    guard let state = amqp_new_connection() else { return [] }
    defer { amqp_destroy_connection(state) }
    var assembler = ContentAssembler(bodyLimit: bodyLimit)
    var all: [ContentAssembler.Output] = []
    for begin in stride(from: 0, to: bytes.count, by: chunk) {
        var rest = Array(bytes[begin..<min(begin + chunk, bytes.count)])[...]
        while !rest.isEmpty {
            var frame = amqp_frame_t()
            let used = Array(rest).withUnsafeBytes { part in
                let base = UnsafeMutableRawPointer(mutating: part.baseAddress)
                let used = amqp_handle_input(state, amqp_bytes_t(len: part.count, bytes: base), &frame)
                // What was decoded borrows from these bytes.
                guard used > 0, frame.frame_type != 0 else { return used }
                do throws(RabbitMQError) {
                    if let output = try assembler.accept(InboundFrame(frame)) { all.append(output) }
                    return used
                } catch {
                    return -1
                }
            }
            guard used > 0 else { return all }
            rest = rest.dropFirst(Int(used))
        }
    }
    for case .delivery(_, _, .body(let body), _) in all { precondition(body.count <= bodyLimit, "too much is kept") }
    return all
}

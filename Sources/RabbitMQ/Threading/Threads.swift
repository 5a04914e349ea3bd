import CRabbitMQ
import Glibc

/// Runs `body` on a new detached thread.
///
/// The stack is large because librabbitmq decodes nested tables recursively, and a hostile frame of 128 KiB nests
/// them some twenty thousand deep. Untouched stack costs no memory.
///
/// - Returns: Whether the system had a thread to spare.
func spawnThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return false }
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 32 << 20)
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
            crabbitmq_name_thread(start.name)
            start.body()
            return nil
        }, start.toOpaque())
    if status != 0 { start.release() }
    return status == 0
}

private final class ThreadStart {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

import CPostgreSQL
import Glibc

/// Runs `body` on a new detached thread.
///
/// - Returns: Whether the system had a thread to spare.
func spawnThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var thread: pthread_t = 0
    let status = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
            cpostgresql_name_thread(start.name)
            start.body()
            return nil
        }, start.toOpaque())
    guard status == 0 else {
        start.release()
        return false
    }
    pthread_detach(thread)
    return true
}

private final class ThreadStart {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

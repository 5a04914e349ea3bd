import Glibc

/// What a thread sleeps on until somebody rings. A ring is never lost; one too many only makes it look once more.
///
/// Unchecked: a semaphore is made for being used by many threads, and its memory stays where it is.
final class Bell: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func ring() {
        sem_post(semaphore)
    }

    func wait() {
        while sem_wait(semaphore) != 0, errno == EINTR {}
    }
}

import CLinux
import Foundation

/// What this program asks of the C library's allocator: a worker runs for months, and what its jobs needed for a moment must
/// not stay with it.
///
/// By default the allocator learns from the first large buffer that is given back, and from then on takes such buffers from
/// the same heaps as everything small; it also makes up to eight heaps for each core. Between them a worker kept twice what it
/// used, and more with each hour (see the decision `MemoryOfAWorker` of `Worker`).
///
/// Source: mallopt(3).
enum Allocator {
    /// Bytes from which a buffer is the kernel's, and is given back to it at once. What the allocator begins with.
    private static let ownMapping: CInt = 128 << 10
    /// Bytes at the end of a heap that may stay unused.
    private static let slack: CInt = 1 << 20
    /// Heaps; more would only help threads that do nothing else but allocate.
    private static let heaps: CInt = 2

    /// To be called before there are threads. What the environment says about the allocator stays.
    static func configure(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard environment["GLIBC_TUNABLES"] == nil else { return }
        for (name, parameter, value) in [
            ("MALLOC_MMAP_THRESHOLD_", M_MMAP_THRESHOLD, ownMapping),
            ("MALLOC_TRIM_THRESHOLD_", M_TRIM_THRESHOLD, slack),
            ("MALLOC_ARENA_MAX", M_ARENA_MAX, heaps),
        ] where environment[name] == nil {
            _ = mallopt(parameter, value)
        }
    }
}

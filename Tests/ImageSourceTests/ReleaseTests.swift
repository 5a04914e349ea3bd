import Glibc
import ImageModel
import ImageSource
import TestSupport
import Testing

@Suite("What a source leaves behind", .timeLimit(.minutes(10)))
struct ReleaseTests {
    /// Goal: no thread and no descriptor outlives its source.
    /// Method: a process of its own, where nothing else opens any; the first round warms up what stays by design.
    @Test("A released source leaves no thread and no descriptor")
    func nothingIsLeft() async {
        await #expect(processExitsWith: .success) {
            func round() async throws {
                let origin = try Origin()
                let gate = Gate()
                origin.serve("/image", .pattern(size: 300_000))
                origin.serve("/held", .pattern(size: 300_000).holding(after: 1_000, until: gate))
                let source = try source(for: origin)
                for _ in 1...3 { _ = try await source.fetch(origin.url("/image")) }
                _ = try await source.failure(origin.url("/missing"))
                _ = try await source.failure("http://127.0.0.2:\(origin.port)/denied")
                await withTaskGroup { group in
                    group.addTask { _ = try? await source.fetch(origin.url("/held")) }
                    await origin.journal.wait { $0.held["/held"] == 1 }
                    group.cancelAll()
                }
            }
            for _ in 1...3 { try await round() }
            let before = (entries(of: "/proc/self/fd"), entries(of: "/proc/self/task"))
            for _ in 1...20 { try await round() }
            var after = (entries(of: "/proc/self/fd"), entries(of: "/proc/self/task"))
            // A task that has ended lets go of what it held a moment later, on a thread of its own. Swift's own pool may
            // still grow to the number of cores; twenty leaked threads would not pass.
            for _ in 1...3_000 where after.0 > before.0 || after.1 >= before.1 + 15 {
                pause(milliseconds: 10)
                after = (entries(of: "/proc/self/fd"), entries(of: "/proc/self/task"))
            }
            print("descriptors and threads before \(before), after \(after)")
            exit(after.0 <= before.0 && after.1 < before.1 + 15 ? 0 : 1)
        }
    }
}

/// The number of entries of a directory.
func entries(of directory: String) -> Int {
    guard let handle = opendir(directory) else { return -1 }
    defer { closedir(handle) }
    var count = 0
    while readdir(handle) != nil { count += 1 }
    return count
}

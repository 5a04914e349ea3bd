import Foundation
import Testing

/// A kernel whose calls fail, and a clock that steps, for one program of a test: `Tests/FaultySystem` stands before the
/// C library there. The program is the real one; what it is told are real values of errno.
final class FaultySystem: Sendable {
    /// Calls that change something.
    struct Calls: OptionSet, Sendable {
        let rawValue: Int64

        /// pwrite(2).
        static let writes = Calls(rawValue: 1)
        /// fdatasync(2), fsync(2).
        static let syncs = Calls(rawValue: 2)
        /// openat(2) of files that are to be made or written.
        static let opens = Calls(rawValue: 4)
        /// linkat(2), unlinkat(2), ftruncate(2), fchmod(2).
        static let names = Calls(rawValue: 8)
    }

    /// The numbers that the library reads, in its order.
    private enum Order: UInt64 {
        case clock, number, calls, passing, failing, struck
    }

    /// What a program needs in its environment.
    let environment: [String: String]
    private let path: String

    /// A kernel without faults.
    ///
    /// - Parameters:
    ///   - place: What the paths of files begin with on which calls may fail; the site's store, if nothing is said.
    ///   - mounts: What /proc/self/mountinfo says there; the truth, if nothing is said.
    convenience init(in site: Site, at place: String? = nil, mounts: String? = nil) throws {
        try self.init(directory: site.directory, at: place ?? site.storePath, mounts: mounts)
    }

    /// A kernel without faults, for programs that belong to no site.
    ///
    /// - Parameters:
    ///   - directory: Where what is told to the library lies; longer than any program runs.
    ///   - place: What the paths of files begin with on which calls may fail.
    ///   - mounts: What /proc/self/mountinfo says there; the truth, if nothing is said.
    init(directory: String, at place: String, mounts: String? = nil) throws {
        path = "\(directory)/orders-\(UUID().uuidString)"
        try Data(count: 4_096).write(to: URL(fileURLWithPath: path))
        let library = try #require(Executable.faultySystem, "`swift build --build-tests` makes what these tests need")
        var environment = [
            "LD_PRELOAD": library, "FAULTY_SYSTEM_ORDERS": path,
            "FAULTY_SYSTEM_PATH": URL(fileURLWithPath: place).resolvingSymlinksInPath().path,
        ]
        if let mounts {
            try Data(mounts.utf8).write(to: URL(fileURLWithPath: "\(path)-mounts"))
            environment["FAULTY_SYSTEM_MOUNTS"] = "\(path)-mounts"
        }
        self.environment = environment
    }

    /// Lets calls fail with an errno.
    ///
    /// - Parameters:
    ///   - passing: How many calls go well before.
    ///   - times: How many fail.
    func fail(_ calls: Calls, with number: Int32, after passing: Int = 0, times: Int = .max) throws {
        try write(0, to: .number)
        try write(calls.rawValue, to: .calls)
        try write(Int64(passing), to: .passing)
        try write(Int64(times), to: .failing)
        try write(Int64(number), to: .number)
    }

    /// Lets all calls be made again.
    func mend() throws { try write(0, to: .number) }

    /// Sets the time of day, so many seconds from the right one.
    func setClock(off seconds: Int64) throws { try write(seconds, to: .clock) }

    /// Waits until so many calls have failed.
    func wait(forStrikes count: Int64) async throws {
        let deadline = ContinuousClock.now + .patience
        while try read(.struck) < count {
            guard ContinuousClock.now < deadline else {
                throw Missing(what: "\(count) failed calls", limit: .patience, found: [])
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func write(_ value: Int64, to order: Order) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seek(toOffset: order.rawValue * 8)
        try file.write(contentsOf: withUnsafeBytes(of: value) { Data($0) })
    }

    private func read(_ order: Order) throws -> Int64 {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(Int(order.rawValue) * 8).prefix(8)
        return bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
    }
}

import Foundation

/// The program under test.
enum Executable {
    /// The `longshore` that was built together with these tests, next to their bundle; nil when there is none.
    static let path = sibling("longshore")
    /// The worker that dies where it is told.
    static let crashWorker = sibling("crash-worker")

    /// What makes the kernel fail for a program: see ``FaultySystem``.
    static let faultySystem = sibling("libFaultySystem.so")

    private static func sibling(_ name: String) -> String? {
        // The runner is told its bundle, or is the bundle.
        let bundle = CommandLine.arguments.last { $0.hasSuffix(".xctest") }
        guard let bundle else { return nil }
        let path = URL(fileURLWithPath: bundle).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent(name).path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
}

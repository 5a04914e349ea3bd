import Foundation

/// A small file system in memory; only root may mount one, and not in every container.
public final class SmallFileSystem: Sendable {
    /// Where it is mounted.
    public let path: String

    /// Whether this account may mount one here.
    public static let isPossible = (try? SmallFileSystem(bytes: 1 << 20)) != nil

    /// Mounts one with room for so many bytes and, if a number is given, files and directories, its own root included.
    public init(bytes: Int, files: Int? = nil) throws {
        path = "\(FileManager.default.temporaryDirectory.path)/small-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let options = "size=\(bytes)" + (files.map { ",nr_inodes=\($0)" } ?? "")
        guard try Self.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path]) == 0 else {
            try FileManager.default.removeItem(atPath: path)
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    deinit {
        _ = try? Self.run(["umount", "-l", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Lets nobody write any more, as long as nobody does, or everybody again.
    public func remount(readOnly: Bool) throws {
        guard try Self.run(["mount", "-o", "remount,\(readOnly ? "ro" : "rw")", path]) == 0 else {
            throw CocoaError(.fileWriteVolumeReadOnly)
        }
    }

    private static func run(_ command: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

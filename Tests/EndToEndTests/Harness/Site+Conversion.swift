import Foundation
import Testing

extension Site {
    var scratchPath: String { "\(directory)/scratch" }

    /// Workspaces that are there.
    var workspaces: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: scratchPath)) ?? []
        return names.filter { $0.hasPrefix("longshore-") }
    }

    /// Starts a worker that converts; with `programs`, what is named there comes before the system's programs.
    func startConverter(_ overrides: [String: String] = [:], programs: String? = nil) throws -> Program {
        let settings = ["worker.scratch.path": scratchPath].merging(overrides) { $1 }
        return try start(
            ["worker"], settings, searchPath: programs.map { "\($0):/usr/bin:/bin" } ?? "/usr/bin:/bin")
    }

    /// A folder whose `qemu-img convert` notes its process, begins with a result, and lasts until it is killed.
    func slowPrograms() throws -> String {
        try programs(
            """
            [ "$1" = convert ] || exec /usr/bin/qemu-img "$@"
            printf '    (40.00/100%%)\\r'
            head -c 100000 /dev/zero > result
            echo $$ > ../../converting.new && mv ../../converting.new ../../converting
            exec sleep 3600
            """)
    }

    /// A folder with a made-up qemu-img.
    func programs(_ script: String) throws -> String {
        let folder = "\(directory)/programs"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/qemu-img"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/qemu-img")
        return folder
    }

    /// The process of a slow conversion, once it has begun.
    func conversion() async throws -> Int32 {
        while true {
            if let text = try? String(contentsOfFile: "\(directory)/converting", encoding: .utf8) {
                return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits until a process has ended, whether or not anybody has asked how.
    func waitForEnd(of process: Int32) async throws {
        while let line = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let state = line.split(separator: ")").last?.first(where: { $0 != " " }), !"ZX".contains(state)
        {
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// The real qemu-img, which the tests take as the judge of its own formats.
struct QemuImage {
    /// Where its files lie.
    let folder: String

    init(in site: Site) throws {
        folder = "\(site.directory)/qemu"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/qemu-img")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "qemu-img \(arguments)")
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    func read(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }

    /// An image of some format that holds a disk.
    func image(_ format: String, of disk: [UInt8]) throws -> [UInt8] {
        try write(disk, to: "disk")
        try run("convert", "-f", "raw", "-O", format, "disk", "image")
        return try read("image")
    }
}

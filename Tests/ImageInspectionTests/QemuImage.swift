import Foundation
import ImageModel

/// A temporary directory that is gone with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("inspect-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Runs `qemu-img`, which the tests take as the judge of its own formats.
enum QemuImage {
    static let path = "/usr/bin/qemu-img"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    struct Info: Decodable {
        let format: String
        let virtualSize: Int64

        private enum CodingKeys: String, CodingKey {
            case format
            case virtualSize = "virtual-size"
        }
    }

    /// What `qemu-img` says that a file is, told its format or left to guess.
    static func info(_ file: String, format: String? = nil) throws -> Info {
        let output = try run(["info", "--output", "json"] + (format.map { ["-f", $0] } ?? []) + [file])
        return try JSONDecoder().decode(Info.self, from: output)
    }

    struct Failed: Error {
        let arguments: [String]
        let status: Int32
    }

    @discardableResult
    static func run(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(arguments: arguments, status: process.terminationStatus)
        }
        return data
    }
}

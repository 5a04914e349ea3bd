import Foundation
import ImageConversion
import ImageInspection
import ImageModel
import ImageStore
import QEMUConversion
import Testing

/// A scratch folder, a folder beside it, and real or made-up programs.
final class Bench: Sendable {
    let root: String
    var scratch: String { "\(root)/scratch" }

    init() throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("convert-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(root)/bin", withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    func converter() async throws -> QEMUConverter {
        try await QEMUConverter(path: scratch)
    }

    /// A converter whose qemu-img is a shell script; its first argument is `convert`, unless it is asked for its version.
    func converter(running script: String) async throws -> QEMUConverter {
        let program = "\(root)/bin/qemu-img"
        try Data("#!/bin/sh\n[ \"$1\" = convert ] || exit 0\n\(script)\n".utf8)
            .write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        return try await QEMUConverter(path: scratch, searchPath: ["\(root)/bin"] + Sandbox.systemPath)
    }

    /// Workspaces that are there.
    var workspaces: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: scratch)) ?? []
        return names.filter { $0.hasPrefix("longshore-") }
    }

    /// The bytes of a file.
    func bytes(of name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)")))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(root)/\(name)"))
    }
}

extension ImageConverter {
    /// Converts bytes as an import does.
    func convert(
        _ bytes: [UInt8], _ conversion: Conversion, onStep: @Sendable (ConversionProgress) -> Void = { _ in }
    ) async throws -> [UInt8] {
        try await withWorkspace { workspace in
            for chunk in chunks(of: bytes) { try await workspace.original.append(chunk) }
            try await workspace.withConversion(conversion) { steps in
                for try await step in steps { onStep(step) }
            }
            return try await workspace.withBytes(of: .result) { result in
                var all: [UInt8] = []
                while let chunk = try await result.nextChunk() { chunk.withBytes { all += $0 } }
                #expect(result.size == Int64(all.count))
                return all
            }
        }
    }
}

extension Conversion {
    /// With limits that nothing in a test reaches.
    static func roomy(_ source: ImageFormat, _ target: ImageFormat) -> Self {
        Self(from: source, to: target, limits: ConversionLimits(size: 1 << 20, virtualSize: 1 << 30, largest: 1 << 40))
    }
}

func chunks(of bytes: [UInt8]) -> [ImageChunk] {
    stride(from: 0, to: bytes.count, by: 1 << 16).compactMap { start in
        var builder = ChunkPool(chunkSize: 1 << 16, chunkLimit: 1).makeBuilder()
        _ = bytes[start..<min(start + 1 << 16, bytes.count)].withUnsafeBytes { builder?.append($0) }
        return builder.take()?.finish()
    }
}

/// What the inspector finds.
func inspect(_ bytes: [UInt8]) throws -> ImageReport {
    var inspector = ImageInspector(expectations: ImageExpectations())
    for chunk in chunks(of: bytes) { try inspector.update(chunk) }
    return try inspector.finish()
}

/// Runs the real qemu-img in a folder.
@discardableResult
func qemu(_ arguments: [String], in folder: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/qemu-img")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}

extension ImageFormat {
    /// What qemu-img calls it.
    var driver: String { self == .vhd ? "vpc" : rawValue }
}

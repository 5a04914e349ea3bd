import Glibc
import ImageConversion
import ImageModel
import Subprocess
import SystemPackage

/// One run of qemu-img: `qemu-img convert`, from the file `original` to the file `result` of its folder.
struct QEMURun: Sendable {
    private let conversion: Conversion
    private let folder: String
    private let sandbox: Sandbox

    /// What the program says of what went wrong; more than this ends it.
    private static let complaintLimit = 64 << 10

    init(_ conversion: Conversion, in folder: String, _ sandbox: Sandbox) {
        self.conversion = conversion
        self.folder = folder
        self.sandbox = sandbox
    }

    /// Converts, and reports each part that is done.
    func perform(_ onProgress: @escaping @Sendable (Double) -> Void) async throws {
        guard let source = QEMUFormat(reading: conversion.source), let target = QEMUFormat(writing: conversion.target)
        else {
            throw ConversionError(
                .conversionFailed,
                "an image of format \(conversion.source.rawValue) cannot be made \(conversion.target.rawValue)")
        }
        // Both names are fixed and relative to the folder: nothing in them can be read as a protocol or an option.
        let arguments =
            ["convert", "-p", "--image-opts", "-O", target.driver]
            + target.options.flatMap { ["-o", $0] }
            + [source.imageOptions(of: WorkspaceFile.original), WorkspaceFile.result]
        let command = sandbox.command(arguments, under: conversion.limits)
        let wallTime = conversion.limits.wallTime
        try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask { try await run(command, onProgress) }
            group.addTask {
                try await Task.sleep(for: wallTime)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let ending = first else {
                throw ConversionError(.conversionFailed, "the conversion took more than \(wallTime)")
            }
            try judge(ending)
        }
    }

    /// Bytes that the result takes of its disk by now.
    var resultBytes: Int64 {
        var status = stat()
        guard lstat("\(folder)/\(WorkspaceFile.result)", &status) == 0 else { return 0 }
        return Int64(status.st_blocks) * 512
    }

    private struct Ending: Sendable {
        var status: TerminationStatus
        var complaint: String
    }

    private func run(_ command: [String], _ onProgress: @escaping @Sendable (Double) -> Void) async throws -> Ending {
        let result = try await sandbox.start(
            command, in: folder, output: .sequence, error: .string(limit: Self.complaintLimit)
        ) { execution in
            var lines = ProgressLines()
            for try await buffer in execution.standardOutput {
                let fraction = buffer.withUnsafeBytes { lines.add($0) }
                if let fraction { onProgress(fraction) }
            }
        }
        try Task.checkCancellation()
        return Ending(status: result.terminationStatus, complaint: result.standardError)
    }

    private func judge(_ ending: Ending) throws(ConversionError) {
        let limits = conversion.limits
        switch ending.status {
        case .exited(0): return
        case .signaled(SIGXCPU):
            throw ConversionError(
                .conversionFailed, "the conversion took more than \(limits.cpuSeconds) s of processor time")
        case .signaled(SIGXFSZ):
            throw tooLarge
        case .signaled(SIGABRT), .exited:
            throw complaint(ending.complaint)
        case .signaled(let signal):
            // Nobody here kills it and reads its end: it was the system, perhaps for want of memory.
            throw ConversionError(
                .conversionFailed, "qemu-img was ended by signal \(signal)", isTransient: signal == SIGKILL)
        }
    }

    private func complaint(_ text: String) -> ConversionError {
        let line = text.split(whereSeparator: \.isNewline).first.map { String($0.prefix(300)) } ?? "no reason given"
        if text.contains("File too large") { return tooLarge }
        if text.contains("No space left on device") || text.contains("Disk quota exceeded") {
            return ConversionError(.capacityExceeded, "the scratch space is full", isTransient: true)
        }
        // A thread that cannot be made has no room for its stack.
        let shortages = ["Cannot allocate memory", "Resource temporarily unavailable", "failed to allocate"]
        if shortages.contains(where: text.contains) {
            return ConversionError(
                .conversionFailed,
                "the conversion needs more than \(ByteCount(conversion.limits.memoryBytes)) of memory")
        }
        return ConversionError(.conversionFailed, "qemu-img: \(line)")
    }

    private var tooLarge: ConversionError {
        ConversionError(
            .sizeLimit,
            "as \(conversion.target.rawValue) the image would have more than "
                + "\(ByteCount(conversion.limits.resultBytes))")
    }
}

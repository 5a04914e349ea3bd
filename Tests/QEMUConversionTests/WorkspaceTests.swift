import Foundation
import ImageConversion
import ImageModel
import QEMUConversion
import Synchronization
import Testing

@Suite("Scratch folders", .timeLimit(.minutes(10)))
struct WorkspaceTests {
    private func wait(for isTrue: () -> Bool) async throws {
        while !isTrue() { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test("A cancelled conversion is killed with all it started, at once, and leaves nothing")
    func cancel() async throws {
        let bench = try Bench()
        let converter = try await bench.converter(
            running: "sleep 600 & echo $! > ../../child; echo $$ > ../../pid; : > ../../ready; wait")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await converter.convert([1], .roomy(.raw, .qcow2)) }
            try await wait { FileManager.default.fileExists(atPath: "\(bench.root)/ready") }
            #expect(bench.workspaces.count == 1)
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        try await bench.expectGone("pid")
        try await bench.expectGone("child")
        #expect(bench.workspaces.isEmpty)
    }

    @Test("Whoever takes the steps may end the conversion by throwing")
    func thrown() async throws {
        struct Enough: Error {}
        let bench = try Bench()
        let converter = try await bench.converter(running: "echo $$ > ../../pid; exec sleep 600")
        await #expect(throws: Enough.self) {
            try await converter.withWorkspace { workspace in
                try await workspace.withConversion(.roomy(.raw, .qcow2)) { steps in
                    for try await _ in steps where FileManager.default.fileExists(atPath: "\(bench.root)/pid") {
                        throw Enough()
                    }
                }
            }
        }
        try await bench.expectGone("pid")
        #expect(bench.workspaces.isEmpty)
    }

    @Test("Steps tell what is done and what the result takes by then; neither falls")
    func steps() async throws {
        let bench = try Bench()
        let converter = try await bench.converter(
            running: """
                printf '    (30.00/100%%)\\r    (20.00/100%%)\\r'
                head -c 1000000 /dev/zero > result
                while ! [ -e ../../seen ]; do sleep 0.1; done
                printf '    (90.00/100%%)\\r'
                head -c 1000000 /dev/zero >> result
                """)
        let seen = Mutex<[ConversionProgress]>([])
        let result = try await converter.convert([1], .roomy(.raw, .qcow2)) { step in
            seen.withLock { $0.append(step) }
            guard step.fraction == 0.3, step.resultBytes >= 1_000_000 else { return }
            _ = FileManager.default.createFile(atPath: "\(bench.root)/seen", contents: nil)
        }
        #expect(result.count == 2_000_000)
        let steps = seen.withLock { $0 }
        #expect(steps.map(\.fraction) == steps.map(\.fraction).sorted())
        #expect(steps.map(\.resultBytes) == steps.map(\.resultBytes).sorted())
    }

    @Test("What a dead process left is removed; what a living one holds, and what is not ours, is not")
    func sweeping() async throws {
        let bench = try Bench()
        let first = try await bench.converter()
        for name in ["longshore-dead/lock", "longshore-dead/original", "longshore-young/result", "other/lock"] {
            let file = "\(bench.scratch)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: file))
        }
        try await first.withWorkspace { _ in
            let held = bench.workspaces
            #expect(held.count == 1, "the dead are gone as soon as somebody begins: \(held)")
            let second = try await bench.converter()
            #expect(bench.workspaces == held)
            try await second.withWorkspace { _ in #expect(bench.workspaces.count == 2) }
            #expect(bench.workspaces == held)
        }
        #expect(bench.workspaces.isEmpty)
        #expect(FileManager.default.fileExists(atPath: "\(bench.scratch)/other/lock"))
    }

    @Test("Workers that share a folder share its name; another folder has another")
    func names() async throws {
        let bench = try Bench()
        let name = try await bench.converter().scratch
        #expect(name.isScratch)
        #expect(try await bench.converter().scratch == name)
        #expect(try await Bench().converter().scratch != name)
    }

    @Test("Many workspaces at once are apart")
    func many() async throws {
        let bench = try Bench()
        let converter = try await bench.converter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...8 {
                group.addTask {
                    let disk = [UInt8](repeating: UInt8(number), count: 512 * number)
                    let made = try await converter.convert(disk, .roomy(.raw, .vdi))
                    #expect(try await converter.convert(made, .roomy(.vdi, .raw)).starts(with: disk))
                }
            }
            try await group.waitForAll()
        }
        #expect(bench.workspaces.isEmpty)
    }

    @Test("What is missing is named, with the package that brings it, until it is there")
    func missing() async throws {
        let bench = try Bench()
        let converter = try await QEMUConverter(path: bench.scratch, searchPath: ["\(bench.root)/bin"])
        let error = await #expect(throws: ConversionError.self) { try await converter.requireReady() }
        #expect(error?.code == .conversionFailed && error?.message.contains("package qemu-utils") == true)
        for name in ["qemu-img", "prlimit", "setpriv", "unshare"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(bench.root)/bin/\(name)", withDestinationPath: "/usr/bin/\(name)")
            if name == "qemu-img" {
                let error = await #expect(throws: ConversionError.self) { try await converter.requireReady() }
                #expect(error?.message.contains("package util-linux") == true)
            }
        }
        try await converter.requireReady()
    }
}

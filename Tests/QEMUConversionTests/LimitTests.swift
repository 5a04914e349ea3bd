import Foundation
import ImageConversion
import ImageModel
import QEMUConversion
import Testing

@Suite("What conversions may not do", .timeLimit(.minutes(10)))
struct LimitTests {
    private func failure(
        of converter: QEMUConverter, _ change: (inout ConversionLimits) -> Void = { _ in }
    ) async throws -> ConversionError {
        var conversion = Conversion.roomy(.raw, .qcow2)
        change(&conversion.limits)
        do {
            _ = try await converter.convert(FormatPairTests.disk, conversion)
        } catch let error as ConversionError {
            return error
        }
        throw CocoaError(.featureUnsupported)
    }

    @Test("A result that grows too long ends as size_limit")
    func resultBytes() async throws {
        let bench = try Bench()
        let error = try await failure(of: bench.converter()) { $0.resultBytes = 100_000 }
        #expect(error.code == .sizeLimit && !error.isTransient)
        #expect(error.message == "as qcow2 the image would have more than 97.7 KiB", "\(error)")
        #expect(bench.workspaces.isEmpty)
    }

    @Test("Processor time runs out")
    func cpuSeconds() async throws {
        let bench = try Bench()
        let error = try await failure(of: bench.converter(running: "while :; do :; done")) { $0.cpuSeconds = 1 }
        #expect(error.code == .conversionFailed && !error.isTransient)
        #expect(error.message == "the conversion took more than 1 s of processor time")
        #expect(bench.workspaces.isEmpty)
    }

    @Test("Time on the clock runs out, and the program is gone by then")
    func wallTime() async throws {
        let bench = try Bench()
        let converter = try await bench.converter(running: "echo $$ > ../../pid; exec sleep 600")
        // Enough for the program to begin, on a machine that does much else.
        let error = try await failure(of: converter) { $0.wallTime = .seconds(8) }
        #expect(error.code == .conversionFailed)
        #expect(error.message.hasPrefix("the conversion took more than "))
        try await bench.expectGone("pid")
        #expect(bench.workspaces.isEmpty)
    }

    @Test("Address space runs out")
    func memory() async throws {
        let bench = try Bench()
        let error = try await failure(of: bench.converter()) { $0.memoryBytes = 48 << 20 }
        #expect(error.code == .conversionFailed)
        #expect(error.message == "the conversion needs more than 48.0 MiB of memory", "\(error)")
        #expect(bench.workspaces.isEmpty)
    }

    @Test("The program sees no network, no environment, no open file and no privilege of the worker")
    func isolation() async throws {
        let bench = try Bench()
        let converter = try await bench.converter(
            running: """
                exec 2>../../seen
                tail -n +3 /proc/net/dev | cut -d: -f1 >&2
                tr '\\0' '\\n' < /proc/self/environ >&2
                echo "open: $(ls /proc/self/fd | tr '\\n' ' ')" >&2
                grep -E '^(CapBnd|CapEff|NoNewPrivs):' /proc/self/status >&2
                exit 1
                """)
        _ = try await failure(of: converter)
        let seen = String(decoding: try bench.bytes(of: "seen"), as: UTF8.self)
        let lines = seen.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        if converter.sandboxReport.weaknesses.isEmpty {
            #expect(lines.first == "lo" && !lines.contains { $0.hasPrefix("eth") }, "\(seen)")
        }
        #expect(lines.contains("LC_ALL=C"))
        #expect(!lines.contains { $0.hasPrefix("PATH=") || $0.hasPrefix("HOME=") || $0.hasPrefix("LONGSHORE") })
        #expect(lines.contains { $0.hasPrefix("NoNewPrivs:") && $0.hasSuffix("1") })
        // Its three streams, and the folder that is listed.
        #expect(lines.contains("open: 0 1 2 3"), "\(seen)")
    }

    @Test("What the program complains of is told in one short line")
    func complaint() async throws {
        let bench = try Bench()
        let script = "printf 'qemu-img: first %0400d\\nsecond\\n' 7 >&2; exit 1"
        let error = try await failure(of: bench.converter(running: script))
        #expect(error.code == .conversionFailed && error.message.hasPrefix("qemu-img: qemu-img: first 000"))
        #expect(error.message.count < 400 && !error.message.contains("second"))
    }

    @Test("A full disk is a matter of space, and may pass")
    func fullDisk() async throws {
        let bench = try Bench()
        let script = "echo 'qemu-img: error while writing: No space left on device' >&2; exit 1"
        let error = try await failure(of: bench.converter(running: script))
        #expect(error.code == .capacityExceeded && error.isTransient)
    }

    @Test("A program that talks without end is ended", arguments: ["1", "2"])
    func endlessTalk(_ stream: String) async throws {
        let bench = try Bench()
        let converter = try await bench.converter(running: "exec yes talk >&\(stream)")
        await #expect(throws: (any Error).self) {
            var conversion = Conversion.roomy(.raw, .qcow2)
            conversion.limits.wallTime = .seconds(3)
            _ = try await converter.convert([1], conversion)
        }
        #expect(bench.workspaces.isEmpty)
    }
}

extension Bench {
    /// The process whose id was written to a file has ended, whether or not anybody has asked how.
    func expectGone(_ name: String) async throws {
        let text = String(decoding: try bytes(of: name), as: UTF8.self)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        while let state = Self.state(of: pid), !"ZX".contains(state) { try await Task.sleep(for: .milliseconds(10)) }
    }

    /// The letter of proc(5) for a process; nil when there is none.
    private static func state(of pid: Int32) -> Character? {
        guard let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        return line.split(separator: ")").last?.first { $0 != " " }
    }
}

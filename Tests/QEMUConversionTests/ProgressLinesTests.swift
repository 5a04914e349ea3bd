import Testing

@testable import QEMUConversion

@Suite("What qemu-img says of its progress")
struct ProgressLinesTests {
    @Test("The last whole line counts, however the output is cut", arguments: [1, 3, 1_000])
    func cuts(_ size: Int) {
        let output = Array("    (0.00/100%)\r    (12.50/100%)\r    (75.00/100%)\r    (100".utf8)
        var lines = ProgressLines()
        var last: Double?
        for start in stride(from: 0, to: output.count, by: size) {
            last = lines.add(output[start..<min(start + size, output.count)]) ?? last
        }
        #expect(last == 0.75)
    }

    @Test(
        "What is no progress tells nothing",
        arguments: ["\r\n\r", "(nan/100%)\r", "(inf/100%)\r", "(/100%)\r", "12/100\r", "()\r", "/(\r", "ok\n"])
    func nonsense(_ output: String) {
        var lines = ProgressLines()
        #expect(lines.add(Array(output.utf8)) == nil)
    }

    @Test("A part beyond the whole is the whole, and one below nothing is nothing")
    func bounds() {
        var lines = ProgressLines()
        #expect(lines.add(Array("(250/100%)\r".utf8)) == 1)
        #expect(lines.add(Array("(-1/100%)\r".utf8)) == 0)
    }

    @Test("A line without an end is not kept, and the one after it counts")
    func endless() {
        var lines = ProgressLines()
        for _ in 0..<1_000 { #expect(lines.add([UInt8](repeating: 40, count: 1_000)) == nil) }
        #expect(MemoryLayout.size(ofValue: lines) <= 16)
        #expect(lines.add(Array("\r(50.00/100%)\r".utf8)) == 0.5)
    }
}

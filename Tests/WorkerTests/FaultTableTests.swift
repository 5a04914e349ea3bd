import Foundation
import Testing

@Suite("The table of faults")
struct FaultTableTests {
    /// Goal: the table names no test that is gone. Method: each name is looked for in the sources of its target.
    @Test("names tests that exist, and at least one in each row")
    func names() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let page = root.appendingPathComponent("Sources/Worker/Worker.docc/Faults.md").standardizedFileURL
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| ") && !$0.hasPrefix("| fault |") }
        #expect(rows.count > 40)
        for row in rows {
            let names = row.matches(of: /`(\w+Tests)\/(\w+)\/(\w+)`/)
            #expect(!names.isEmpty, "no test proves: \(row)")
            for name in names {
                let (target, suite, function) = (name.1, name.2, name.3)
                let folder = root.appendingPathComponent("Tests/\(target)").standardizedFileURL
                let exists = try sources(in: folder).contains { source in
                    source.contains("struct \(suite) ") && source.contains("func \(function)(")
                }
                #expect(exists, "\(target)/\(suite)/\(function)")
            }
        }
    }

    private func sources(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }
    }
}

import Foundation
import LongshoreSettings
import Testing

@Suite("The README's configuration table")
struct ReadmeTests {
    /// Goal: the table cannot fall behind the code. Method: the text between the markers is the table the code prints.
    @Test("Is the one that `longshore schema configuration` prints")
    func tableIsCurrent() throws {
        let readme = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../README.md"),
            encoding: .utf8)
        let begin = try #require(readme.range(of: "<!-- configuration table: begin -->\n"))
        let end = try #require(readme.range(of: "\n<!-- configuration table: end -->"))
        #expect(String(readme[begin.upperBound..<end.lowerBound]) == Settings.documentationTable)
    }

    @Test("A key that does nothing yet is warned of when it is set")
    func warnsOfKeysWithoutEffect() throws {
        let (_, warnings) = try Settings.load(
            file: nil, environment: ["LONGSHORE_ADMIN_LISTEN": "127.0.0.1:9", "LONGSHORE_WORKER_DRAIN": "1s"])
        #expect(warnings == ["admin.listen is set, but this version does not do that yet"])
    }
}

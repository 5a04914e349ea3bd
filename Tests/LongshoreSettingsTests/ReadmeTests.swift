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
}

import Foundation
import ImageModel
import Testing

@Suite("The table of rules")
struct RuleTableTests {
    @Test("The documentation says of every rule what the code does")
    func documentation() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Sources/ImageInspection/ImageInspection.docc/Rules.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
            .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        let expected = SafetyRule.allCases.map { rule in
            [
                "`\(rule.rawValue)`", rule.entry.severity.rawValue, rule.entry.isRelaxable ? "yes" : "no",
                "`\(rule.entry.failure.rawValue)`",
            ]
        }
        #expect(rows.map { [$0[0]] + $0[2...] } == expected)
        #expect(rows.allSatisfy { !$0[1].isEmpty })
    }

    @Test("Only what refuses can be relaxed")
    func relaxable() {
        for rule in SafetyRule.allCases where rule.entry.isRelaxable { #expect(rule.entry.severity == .error) }
    }
}

import ImageInspection
import ImageModel
import JobMessages

/// What inspection found, for people and for programs.
enum InspectionSummary {
    /// The object of CONTRACT section 6.
    static func json(_ outcome: Inspection.Outcome) -> JSONValue {
        let report = outcome.report
        return [
            "format": .string(report.format.rawValue), "virtual_size": .optional(report.virtualSize),
            "size": .integer(report.size), "digests": json(outcome.digests),
            "source": outcome.source.map { source in
                [
                    "wrapper": .optional(source.wrapper), "size": .optional(source.size),
                    "digests": json(source.digests),
                ]
            } ?? .null,
            "verdict": .string(report.isRefused ? "refused" : "safe"),
            "findings": .array(report.findings.map { EventDataEncoder.json($0) }),
        ]
    }

    private static func json(_ digests: [Digest]) -> JSONValue {
        .object(JSONObject(digests.map(member)))
    }

    private static func member(_ digest: Digest) -> JSONObject.Member {
        .init(name: digest.algorithm.rawValue, value: .string(digest.hex))
    }

    static func lines(_ outcome: Inspection.Outcome) -> [String] {
        let report = outcome.report
        var facts: [(String, String)] = []
        if let source = outcome.source {
            facts.append(("packed", source.wrapper ?? "unknown"))
            if let bytes = source.size { facts.append(("packed size", size(bytes))) }
            facts += source.digests.map { ("packed \($0.algorithm.rawValue)", $0.hex) }
        }
        facts += [("format", report.format.rawValue), ("size", size(report.size))]
        if let virtualSize = report.virtualSize { facts.append(("virtual size", size(virtualSize))) }
        if let blockSize = report.blockSize { facts.append(("block size", size(blockSize))) }
        if let encryption = report.encryption { facts.append(("encryption", encryption.rawValue)) }
        if let boot = boot(report.boot) { facts.append(("boot", boot)) }
        facts += outcome.digests.map { ($0.algorithm.rawValue, $0.hex) }
        facts.append(("verdict", report.isRefused ? "refused" : "safe"))
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 } + findings(report)
    }

    private static func findings(_ report: ImageReport) -> [String] {
        report.findings.map { finding in
            let place = finding.offset.map { " at byte \($0)" } ?? ""
            return "\(finding.severity.rawValue): \(finding.rule.rawValue)\(place): \(finding.message)"
        }
    }

    private static func size(_ bytes: Int64) -> String {
        bytes < 1_024 ? "\(bytes) bytes" : "\(bytes) bytes (\(ByteCount(bytes)))"
    }

    private static func boot(_ layout: BootLayout) -> String? {
        let parts = [
            layout.partitionTable?.rawValue, layout.hasBIOS ? "BIOS" : nil, layout.hasUEFI ? "UEFI" : nil,
        ].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

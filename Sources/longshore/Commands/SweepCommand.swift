import ArgumentParser
import Catalog
import ImageModel
import ImageStore
import JobMessages
import Logging
import LongshoreSettings
import Worker

/// `longshore sweep [--dry-run]`
struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep", abstract: "Remove what nobody needs from stores and catalog.",
        discussion: """
            Workers do the same every few minutes. Removed is what ended jobs left behind; what lies in a store longer \
            than retention.staging and is neither a replica nor of an unfinished job; images deleted longer ago than \
            retention.pending_delete, by a job for each; ended jobs older than retention.jobs; events older than retention.history. Stores of another catalog are left alone.
            """)

    @Flag(help: "Show what would be removed, and remove nothing.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let settings = try global.settings()
        let catalog = try dryRun ? CatalogAccess.openToRead(settings) : CatalogAccess.openMade(settings)
        let stores = Array(try StoreAccess.make(settings).values)
        let sweeper = Sweeper(
            catalog: catalog, stores: stores, policy: RetentionPolicy(settings.retention), isDryRun: dryRun,
            logger: global.logger("longshore", atLeast: .warning))
        var findings: [SweepFinding] = []
        let report: SweepReport
        do throws(CatalogError) {
            report = try await sweeper.sweep { findings.append($0) }
        } catch {
            throw CommandTrouble(error)
        }
        if global.json {
            Console.say(json(report, findings))
        } else {
            for finding in findings { Console.say(line(finding)) }
            Console.say(summary(report))
        }
        guard report.problems == 0 else {
            throw CommandTrouble(.failed, "\(report.problems) things could not be swept; see above")
        }
    }

    private func line(_ finding: SweepFinding) -> String {
        let what = finding.objectKey.map { "object \($0)" } ?? "staged \(finding.transfer)"
        let size = finding.size.map { ", \(ByteCount($0))" } ?? ""
        let why =
            switch finding.reason {
            case .jobEnded: "left by a job that has ended"
            case .unneeded: "old and of no use"
            }
        return "store \(finding.store): \(what)\(size): \(why)"
    }

    private func summary(_ report: SweepReport) -> String {
        let verb = dryRun ? "would remove" : "removed"
        return "\(verb) \(report.transfers) transfers of ended jobs, \(report.staged) staged files and "
            + "\(report.objects) objects (\(ByteCount(report.bytes))), \(report.images) images whose time to be restored "
            + "has passed, \(report.rows.jobs) jobs, "
            + "\(report.rows.events) events, \(report.rows.cancels) cancels"
    }

    private func json(_ report: SweepReport, _ findings: [SweepFinding]) -> JSONValue {
        [
            "dry_run": .bool(dryRun), "transfers": .integer(Int64(report.transfers)),
            "staged": .integer(Int64(report.staged)), "objects": .integer(Int64(report.objects)),
            "bytes": .integer(report.bytes), "images": .integer(Int64(report.images)),
            "jobs": .integer(Int64(report.rows.jobs)),
            "events": .integer(Int64(report.rows.events)), "cancels": .integer(Int64(report.rows.cancels)),
            "problems": .integer(Int64(report.problems)),
            "findings": .array(
                findings.map {
                    [
                        "store": .string($0.store.rawValue), "transfer": .string($0.transfer.rawValue),
                        "object": .optional($0.objectKey), "size": .optional($0.size),
                        "reason": .string($0.reason.rawValue),
                    ]
                }),
        ]
    }
}

extension RetentionPolicy {
    init(_ settings: Settings.Retention) {
        self.init(jobs: settings.jobs, history: settings.history, staging: settings.staging)
    }
}

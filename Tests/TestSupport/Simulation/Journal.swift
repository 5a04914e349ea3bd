import Catalog
import ImageModel
import JobMessages

/// What happened in a history, for whoever looks for the cause of a violation.
struct Journal {
    private let world: World

    init(_ world: World) {
        self.world = world
    }

    func text(of report: HistoryReport) -> String {
        var lines = ["seed \(report.seed): \(report.steps) steps, \(report.lasted) simulated"]
        for parcel in world.workload.parcels.sorted(by: { $0.moment < $1.moment }) {
            switch parcel.content {
            case .job(let message, _):
                lines.append("\(parcel.moment) sent \(String(decoding: message.body, as: UTF8.self))")
            case .garbage(let message):
                lines.append("\(parcel.moment) sent garbage \(String(decoding: message.body, as: UTF8.self))")
            case .oversized(let bytes): lines.append("\(parcel.moment) sent \(bytes) bytes")
            }
        }
        lines += world.diary
        lines += report.violations.map { "VIOLATION: \($0)" }
        return lines.joined(separator: "\n")
    }
}

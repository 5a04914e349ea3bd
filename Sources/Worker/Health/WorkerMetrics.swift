import Catalog
import ImageModel

/// What `/metrics` says: how much there is to do in the whole installation, and how much of it this worker does.
struct WorkerMetrics: Sendable {
    let catalog: ImageCatalog
    let plan: WorkerPlan
    let running: RunningJobs
    let version: String

    /// The page; without the catalog's part, and saying so, while the catalog does not answer.
    func page() async -> String {
        var page = MetricsPage()
        let roles = plan.roles.map(\.rawValue).sorted().joined(separator: ",")
        page.add(
            gauge: "longshore_worker_info", "This worker's version and roles; always 1.",
            [(["version": version, "roles": roles], 1)])
        if plan.roles.contains(.run) { addSlots(to: &page) }
        let load = try? await catalog.read { rows in
            (jobs: try rows.jobLoad(), outbox: try rows.outboxLoad(), now: rows.now)
        }
        page.add(
            gauge: "longshore_catalog_up", "Whether the catalog answered.", [([:], load == nil ? 0 : 1)])
        if let load { Self.add(load.jobs, load.outbox, now: load.now, to: &page) }
        return page.text
    }

    private func addSlots(to page: inout MetricsPage) {
        let used = running.counts
        let kinds = plan.slots.keys.sorted { $0.rawValue < $1.rawValue }
        page.add(
            gauge: "longshore_slots", "Jobs of a kind that this worker runs at once.",
            kinds.map { (["kind": $0.rawValue], Double(plan.slots[$0] ?? 0)) })
        page.add(
            gauge: "longshore_slots_used", "Jobs of a kind that this worker runs now.",
            kinds.map { (["kind": $0.rawValue], Double(used[$0] ?? 0)) })
    }

    private static func add(_ jobs: [JobLoad], _ outbox: OutboxLoad, now: Timestamp, to page: inout MetricsPage) {
        // Zeros are said too: a value that vanishes is no zero to those who alarm on it.
        let unfinished = JobState.allCases.filter { !$0.isTerminal }
        let places = JobKind.allCases.flatMap { kind in unfinished.map { (kind, $0) } }
        page.add(
            gauge: "longshore_jobs", "Unfinished jobs in the catalog, by kind and state.",
            places.map { kind, state in
                let count = jobs.first { $0.kind == kind && $0.state == state }?.count ?? 0
                return (["kind": kind.rawValue, "state": state.rawValue], Double(count))
            })
        page.add(
            gauge: "longshore_oldest_job_seconds", "Since when the oldest of these jobs is accepted.",
            jobs.map { load in
                let labels = ["kind": load.kind.rawValue, "state": load.state.rawValue]
                return (labels, max(0, (now - load.oldest) / .seconds(1)))
            })
        page.add(
            gauge: "longshore_outbox_entries", "Events and replies that wait to be published.",
            [([:], Double(outbox.count))])
        page.add(
            gauge: "longshore_outbox_oldest_seconds", "Since when the oldest of them waits; 0 when none does.",
            [([:], outbox.oldest.map { max(0, (now - $0) / .seconds(1)) } ?? 0)])
    }
}

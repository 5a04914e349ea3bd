import Catalog
import Foundation
import ImageModel
import RabbitMQ
import Testing
import Worker

/// What is wrong with a site once everything has come to rest: nothing, whatever happened before.
struct Findings: Sendable, CustomStringConvertible {
    /// Messages without a job, jobs without an end, ends without an event, events that wait, deliveries that wait.
    var lost: [String] = []
    /// Ends, or events of one place in an image's history, that came under more than one id.
    var doubled: [String] = []
    /// Files in a store that the catalog does not know, staged bytes, transfers that nobody will clear.
    var orphaned: [String] = []
    /// States that contradict events, bytes that contradict digests.
    var wrong: [String] = []

    var isEmpty: Bool { lost.isEmpty && doubled.isEmpty && orphaned.isEmpty && wrong.isEmpty }

    var counts: String {
        "\(lost.count) lost, \(doubled.count) doubled, \(orphaned.count) orphaned, \(wrong.count) wrong"
    }

    var description: String {
        let all = [("lost", lost), ("doubled", doubled), ("orphaned", orphaned), ("wrong", wrong)]
        return ([counts] + all.flatMap { name, list in list.prefix(20).map { "  \(name): \($0)" } })
            .joined(separator: "\n")
    }
}

/// Judges a site by its catalog, its store, its broker and all events that were ever seen.
struct Oracle {
    let site: Site
    /// The ids of all jobs that were published.
    let jobs: [String]

    private let rows: Rows
    private let events: [Received]

    /// Takes everything in. No worker runs any more, so whatever is unacknowledged is in its queue again.
    init(_ site: Site, jobs: [String]) async throws {
        self.site = site
        self.jobs = jobs
        rows = try await Rows(site.catalog(), jobs)
        events = try await site.settledEvents()
    }

    func findings() async throws -> Findings {
        var findings = Findings()
        try await lookForLeftMessages(&findings)
        compareJobs(&findings)
        compareSequences(&findings)
        compareBodies(&findings)
        try await compareBytes(&findings)
        return findings
    }

    private func lookForLeftMessages(_ findings: inout Findings) async throws {
        let queues = JobKind.allCases.map(site.names.intake)
        let waiting = try await RabbitMQAdmin.withSession(site.configuration) { admin throws(RabbitMQError) in
            var waiting: [String: Int] = [:]
            for queue in queues { waiting[queue] = try await admin.queueStatus(queue).messages }
            return waiting
        }
        for (queue, count) in waiting.sorted(by: { $0.key < $1.key }) where count > 0 {
            findings.lost.append("\(count) messages are left in \(queue)")
        }
        for entry in rows.unpublished {
            findings.lost.append("event \(entry.event.id) of job \(entry.event.jobID ?? "-") was never published")
        }
    }

    /// Each job that was published has one end, and one terminal event of one id that says the same.
    private func compareJobs(_ findings: inout Findings) {
        let seen = Dictionary(grouping: events, by: \.jobID)
        for id in jobs {
            guard let job = rows.jobs[id] else {
                findings.lost.append("job \(id) was published, and the catalog never heard of it")
                continue
            }
            guard job.state.isTerminal else {
                findings.lost.append("job \(id) is \(job.state.rawValue) and nobody ends it (\(job.reason ?? "-"))")
                continue
            }
            let ends = (seen[id] ?? []).filter(\.isTerminal)
            let ids = Set(ends.map(\.source))
            if ids.isEmpty { findings.lost.append("the end of job \(id) was never announced") }
            if ids.count > 1 { findings.doubled.append("job \(id) ended \(ids.count) times") }
            for end in ends where end.data["job", "state"].text != job.state.rawValue {
                findings.wrong.append("job \(id) is \(job.state.rawValue), its event is \(end.phase)")
            }
        }
        for cancel in rows.jobs.values where cancel.state == .succeeded {
            // One that knew its job and was accepted; what becomes of the others depends on who sends the job.
            guard case .cancel(let request) = cancel.request.work, cancel.imageID != nil,
                let job = rows.jobs[request.jobID.rawValue], job.state != .cancelled
            else { continue }
            findings.wrong.append("cancel \(cancel.id) was accepted, and job \(job.id) is \(job.state.rawValue)")
        }
        let known = Set(jobs)
        for (id, job) in rows.jobs where !known.contains(id) && !job.state.isTerminal {
            findings.lost.append("job \(id), which nobody published here, is \(job.state.rawValue)")
        }
    }

    /// Each place in an image's history was announced under one id, and none was left out.
    private func compareSequences(_ findings: inout Findings) {
        let images = Dictionary(grouping: events.filter { $0.sequence != nil }) { $0.json["subject"].text ?? "" }
        for (image, events) in images.sorted(by: { $0.key < $1.key }) {
            let places = Dictionary(grouping: events) { $0.sequence ?? 0 }.mapValues { Set($0.map(\.source)) }
            for (place, ids) in places where ids.count > 1 {
                findings.doubled.append("event \(place) of image \(image) came under \(ids.count) ids")
            }
            let missing = Set(1...(places.keys.max() ?? 1)).subtracting(places.keys)
            if !missing.isEmpty { findings.lost.append("image \(image) lacks events \(missing.sorted())") }
        }
    }

    /// One id means one event: all its copies are the same to the byte.
    private func compareBodies(_ findings: inout Findings) {
        for (id, copies) in Dictionary(grouping: events, by: \.source) where id.isSet {
            if Set(copies.map(\.body)).count > 1 { findings.wrong.append("event \(id.id) came with two bodies") }
        }
    }
}

// MARK: - Bytes

extension Oracle {
    /// An active image has its bytes, they hash to the catalog's digests, and nothing else lies in the store.
    private func compareBytes(_ findings: inout Findings) async throws {
        let inventory = try await site.inventory()
        var owned: Set<String> = []
        for image in rows.images {
            if [.queued, .importing, .pendingDelete, .deleting].contains(image.status) {
                findings.wrong.append("image \(image.id) is \(image.status.rawValue), and no job works on it")
            }
            if let operation = image.operation {
                findings.wrong.append("image \(image.id) shows \(operation.rawValue), and no job works on it")
            }
            if image.status == .active, image.replicas.isEmpty {
                findings.wrong.append("image \(image.id) is active and has no bytes")
            }
            if image.status != .active, !image.replicas.isEmpty {
                findings.wrong.append("image \(image.id) is \(image.status.rawValue) and has replicas")
            }
            for replica in image.replicas {
                let path = Inventory.place(of: replica.url)
                owned.insert(path)
                if let difference = try await difference(between: image, at: path) {
                    findings.wrong.append("image \(image.id): \(difference)")
                }
            }
        }
        for path in inventory.objects where !owned.contains(path) {
            findings.orphaned.append("\(path) is an object that no image has")
        }
        // A request that a dead worker sent may reach a bucket after its successor has cleaned up. That is what sweeps are
        // for, and whoever judges a bucket sweeps before.
        for path in inventory.staged where site.bucket == nil {
            findings.orphaned.append("\(path) was staged and left")
        }
        for transfer in rows.openTransfers {
            findings.orphaned.append("transfer \(transfer.id) of job \(transfer.job) is \(transfer.state.rawValue)")
        }
    }

    private func difference(between image: Image, at path: String) async throws -> String? {
        guard let content = image.content else { return "nothing is known of its bytes" }
        guard let data = try await Inventory.bytes(at: path, in: site.bucket) else { return "\(path) is not there" }
        guard Int64(data.count) == content.size else {
            return "\(path) has \(data.count) bytes, the catalog says \(content.size)"
        }
        guard !content.digests.isEmpty else { return "it has no digest" }
        let wrong = content.wrongDigests(of: data)
        return wrong.isEmpty ? nil : "\(path) does not hash to the catalog's \(wrong.joined(separator: ", "))"
    }
}

// MARK: - Rows

extension Oracle {
    /// All that matters of the catalog, from one snapshot.
    private struct Rows: Sendable {
        let jobs: [String: Job]
        let images: [Image]
        let unpublished: [OutboxEntry]
        let openTransfers: [Transfer]

        init(_ catalog: ImageCatalog, _ published: [String]) async throws {
            self = try await catalog.read { rows in try Rows(rows, published) }
        }

        private init(_ rows: any CatalogReader, _ published: [String]) throws {
            let all = try rows.jobs(JobFilter(limit: 1_000_000))
            jobs = Dictionary(all.map { ($0.id.rawValue, $0) }) { first, _ in first }
            images = try rows.images(ImageFilter(limit: 1_000_000))
            unpublished = try rows.unpublished(limit: 10_000)
            openTransfers =
                try all.flatMap { try rows.openTransfers(of: $0.id) } + rows.abandonedTransfers(limit: 10_000)
        }
    }
}

extension Received {
    /// What makes an event the same event: CloudEvents compares `source` and `id`.
    struct Source: Hashable {
        let source: String
        let id: String

        var isSet: Bool { !id.isEmpty }
    }

    var source: Source { Source(source: json["source"].text ?? "", id: id) }
}

// MARK: - Waiting and judging

extension Site {
    /// Waits until no job is unfinished, no event unsent and no byte abandoned, or until `limit` has passed: then the
    /// oracle says what is left.
    func settle(_ jobs: [String], limit: Duration = .patience) async throws {
        let catalog = try catalog()
        let ids = jobs.compactMap { JobID($0) }
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let isAtRest = try await catalog.read { rows in
                let unfinished = JobFilter(states: [.queued, .deferred, .running, .retrying], limit: 1)
                guard try rows.jobs(unfinished).isEmpty, try rows.unpublished(limit: 1).isEmpty,
                    try rows.abandonedTransfers(limit: 1).isEmpty
                else { return false }
                return try ids.allSatisfy { try rows.job($0) != nil }
            }
            if isAtRest { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Lets everything come to rest, ends the workers in order, and expects that nothing is lost, doubled, orphaned or
    /// wrong.
    ///
    /// - Parameter jobs: The ids of all jobs that were published.
    func expectSoundness(
        of jobs: [String], after workers: Program..., limit: Duration = .patience,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) async throws {
        try await settle(jobs, limit: limit)
        for worker in workers { try await stop(worker) }
        let findings = try await Oracle(self, jobs: jobs).findings()
        #expect(findings.isEmpty, "\(findings)", sourceLocation: sourceLocation)
    }
}

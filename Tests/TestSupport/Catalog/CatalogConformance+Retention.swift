import Catalog
import ImageModel

extension CatalogConformance {
    static let retention: [Self] = [
        Self("published events are found by image, job, time and place, in the order they were written") { open in
            let database = try open()
            try await database.write { rows in
                for (number, image) in ["a", "b", "a"].enumerated() {
                    try rows.append(OutboxEntry(event: event(number, image: image)))
                }
                try rows.append(
                    OutboxEntry(event: event(9, image: "a"), destination: .reply(to: "q", correlationID: nil)))
            }
            let numbers = try await database.read { try $0.unpublished(limit: 9).map(\.number) }
            try await expectEqual(database.read { try $0.publishedEvents(HistoryFilter()) }, [])
            try await database.write { try $0.markPublished(Array(numbers.prefix(3)), unrouted: []) }
            try await database.read { rows in
                func ids(_ filter: HistoryFilter) throws -> [String] {
                    try rows.publishedEvents(filter).map(\.event.id.rawValue)
                }
                try expectEqual(ids(HistoryFilter()), ["event-0", "event-1", "event-2"])
                try expectEqual(ids(HistoryFilter(image: CatalogSamples.id("a"))), ["event-0", "event-2"])
                try expectEqual(ids(HistoryFilter(job: "job-1")), ["event-1"])
                try expectEqual(ids(HistoryFilter(since: Timestamp(microseconds: 1))), ["event-1", "event-2"])
                try expectEqual(ids(HistoryFilter(until: Timestamp(microseconds: 1))), ["event-0"])
                try expectEqual(ids(HistoryFilter(after: numbers[0], limit: 1)), ["event-1"])
            }
        },
        Self("ended jobs are forgotten with all that is kept beside them, but not those somebody waits for") { open in
            let database = try open()
            try await database.write { rows in
                for (id, after) in [("old", []), ("awaited", []), ("young", []), ("waits", ["awaited"])] {
                    var job = endedJob(id, after: after)
                    if id == "young" { job.endedAt = Timestamp(microseconds: 50) }
                    if id == "waits" { (job.state, job.endedAt) = (.deferred, nil) }
                    try rows.insert(job, JobAdmission(canonicalForm: id, sourceQuery: "q"))
                }
            }
            let horizon = RetentionHorizon(
                jobs: Timestamp(microseconds: 50), history: Timestamp(microseconds: .min))
            try await expectEqual(database.read { try $0.prunable(horizon) }, PruneCount(jobs: 1))
            try await expectEqual(database.write { try $0.prune(horizon, limit: 9) }, PruneCount(jobs: 1))
            try await expectEqual(database.write { try $0.prune(horizon, limit: 9) }, PruneCount())
            try await database.read { rows in
                try expectEqual(rows.job(CatalogSamples.id("old")), nil)
                try expectEqual(rows.admission(of: CatalogSamples.id("old")), nil)
                for kept in ["awaited", "young", "waits"] {
                    try expect(rows.job(CatalogSamples.id(kept)) != nil, "job \(kept) is kept")
                }
            }
        },
        Self("published events and remembered cancels are forgotten in batches, and unsent ones are kept") { open in
            let database = try open()
            try await database.write { rows in
                for number in 0..<4 { try rows.append(OutboxEntry(event: event(number, image: "a"))) }
                try rows.rememberCancel(of: CatalogSamples.id("job-1"), by: nil)
                try rows.rememberCancel(of: CatalogSamples.id("job-1"), by: CatalogSamples.id("acct-1"))
            }
            let numbers = try await database.read { try $0.unpublished(limit: 9).map(\.number) }
            try await database.write { try $0.markPublished(Array(numbers.prefix(3)), unrouted: []) }
            let later = RetentionHorizon(
                jobs: Timestamp(microseconds: .max), history: Timestamp(microseconds: .max))
            try await expectEqual(database.read { try $0.prunable(later) }, PruneCount(events: 3, cancels: 2))
            try await expectEqual(
                database.write { try $0.prune(later, limit: 2) }, PruneCount(events: 2, cancels: 2))
            try await expectEqual(database.write { try $0.prune(later, limit: 2) }, PruneCount(events: 1))
            try await expectEqual(database.read { try $0.unpublished(limit: 9).map(\.number) }, [numbers[3]])
            try await expectEqual(database.write { try $0.rememberedCancels(of: CatalogSamples.id("job-1")).count }, 0)
        },
        Self("transfers that ended or forgotten jobs left open are found, page by page, and settled") { open in
            let database = try open()
            let store: StoreName = CatalogSamples.id("default")
            try await database.write { rows in
                try rows.insert(endedJob("ended"), JobAdmission(canonicalForm: "ended"))
                var running = endedJob("running")
                (running.state, running.endedAt) = (.running, nil)
                try rows.insert(running, JobAdmission(canonicalForm: "running"))
                for (id, job) in [("t-1", "ended"), ("t-2", "running"), ("t-3", "unknown"), ("t-4", "ended")] {
                    var transfer = Transfer(
                        id: CatalogSamples.id(id), job: CatalogSamples.id(job), image: CatalogSamples.id("a"),
                        store: store, createdAt: rows.now)
                    try rows.insert(transfer)
                    transfer.state = id == "t-4" ? .committed : .committing
                    try rows.update(transfer)
                }
            }
            let horizon = RetentionHorizon(
                jobs: Timestamp(microseconds: .max), history: Timestamp(microseconds: .min))
            try await database.write { rows in
                let first = try rows.leftoverTransfers(after: nil, limit: 1)
                try expectEqual(first.map(\.id.rawValue), ["t-1"])
                try expectEqual(
                    rows.leftoverTransfers(after: first.last?.id, limit: 9).map(\.id.rawValue), ["t-3"])
                try expectEqual(rows.prune(horizon, limit: 9), PruneCount())
                try rows.markDiscarded(CatalogSamples.id("t-1"))
                try expectEqual(rows.leftoverTransfers(after: nil, limit: 9).map(\.id.rawValue), ["t-3"])
                try expectEqual(rows.prune(horizon, limit: 9), PruneCount(jobs: 1))
                try expectEqual(rows.transferOutline(CatalogSamples.id("t-4")), nil)
                try expectEqual(rows.transferOutline(CatalogSamples.id("t-2"))?.job.rawValue, "running")
            }
        },
        Self("an object is a replica by its store and key, in whatever state") { open in
            let database = try open()
            let image = CatalogSamples.image("a")
            try await database.write { try $0.insert(image) }
            try await database.read { rows in
                for replica in image.replicas {
                    guard let key = replica.objectKey else { continue }
                    try expect(rows.isReplica(key, in: replica.store), "\(key) is a replica")
                    try expect(!rows.isReplica(key, in: CatalogSamples.id("elsewhere")), "\(key) is not elsewhere")
                }
                try expect(!rows.isReplica("nobody", in: CatalogSamples.id("default")), "nobody is no replica")
            }
        },
    ]

    private static func endedJob(_ id: String, after: [String] = []) -> Job {
        var job = CatalogSamples.job(id, CatalogSamples.works[0])
        job.request.after = after.map { CatalogSamples.id($0) }
        job.state = .succeeded
        job.endedAt = Timestamp(microseconds: 10)
        return job
    }

    private static func event(_ number: Int, image: String) -> ImageEvent {
        ImageEvent(
            id: CatalogSamples.id("event-\(number)"), topic: .image(.import, .started),
            imageID: CatalogSamples.id(image), owner: nil, jobID: "job-\(number)", sequence: Int64(number + 1),
            time: Timestamp(microseconds: Int64(number)), data: EventData())
    }
}

public import Catalog
import ImageModel

/// Ways through all of the catalog's rules on a database, which many workers share.
public enum CatalogJourneys {
    /// An import that nobody else's stands in the way of.
    public static func message(
        _ id: String, image: String, owner: String? = nil, host: String = "h", after: [String] = []
    ) -> IntakeItem {
        let work = JobWork.import(
            ImportRequest(
                image: ImageSpecification(
                    id: CatalogSamples.id(image), name: "n", owner: owner.map { CatalogSamples.id($0) }),
                source: SourceLocation(url: "https://\(host)/x")))
        let request = JobRequest(
            id: CatalogSamples.id(id), after: after.map { CatalogSamples.id($0) }, maxAttempts: 1, work: work)
        return .submission(
            JobSubmission(request: request, canonicalForm: id), original: DeadLetter(body: [], routingKey: "import"))
    }

    /// A chain of jobs, each after the one before, whose head fails.
    public static func longChain(_ count: Int, open: CatalogConformance.Factory) async throws {
        let catalog = ImageCatalog(database: try open(), random: SeededRandomSource(seed: 1))
        _ = try await catalog.accept(
            (0..<count).map { message("j-\($0)", image: "i-\($0)", after: $0 == 0 ? [] : ["j-\($0 - 1)"]) })
        let claimed = try await catalog.claim(for: CatalogSamples.id("w"), slots: [.import: 9], lease: .seconds(60))
            .jobs
        try expectEqual(claimed.count, 1)
        try await catalog.fail(claimed[0].lease, because: CatalogSamples.failure)
        let last = try await catalog.read { try $0.job(CatalogSamples.id("j-\(count - 1)")) }
        try expectEqual(last?.failure?.code, .predecessorFailed)
        let waiting = try await catalog.read { try $0.waitingCounts() }
        try expectEqual(waiting, [:])
    }

    /// Workers with a database object each, which claim and complete imports until there are none.
    public static func manyWorkers(_ count: Int, workers: Int, open: CatalogConformance.Factory) async throws {
        let first = ImageCatalog(database: try open(), random: SeededRandomSource(seed: 1))
        _ = try await first.accept((0..<count).map { message("j-\($0)", image: "i-\($0)", owner: "o-\($0 % 3)") })
        let claimed = try await withThrowingTaskGroup(of: [JobID].self) { group in
            for worker in 0..<workers {
                let catalog = ImageCatalog(
                    database: try open(), random: SeededRandomSource(seed: UInt64(worker + 10)))
                group.addTask { try await complete(on: catalog, as: "w-\(worker)") }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        try expectEqual(claimed.count, count)
        try expectEqual(Set(claimed).count, count)
        let entries = try await first.read { try $0.unpublished(limit: 9_999) }
        try expectEqual(entries.count { $0.event.topic == .image(.import, .completed) }, count)
        for (_, events) in Dictionary(grouping: entries, by: \.event.imageID) {
            try expectEqual(events.map(\.event.sequence), (1...events.count).map(Int64.init))
        }
        let active = try await first.read { try $0.images(ImageFilter(statuses: [.active], limit: 9_999)).count }
        try expectEqual(active, count)
    }

    /// Claims and completes imports until there are none; several at once, as a worker does.
    private static func complete(on catalog: ImageCatalog, as worker: String) async throws -> [JobID] {
        let result = TransferResult(content: CatalogSamples.content, source: SourceFacts(url: "https://h/"))
        let store: StoreName = CatalogSamples.id("default")
        var done: [JobID] = []
        while true {
            let claimed = try await catalog.claim(
                for: CatalogSamples.id(worker), slots: [.import: 4], lease: .seconds(60)
            ).jobs
            if claimed.isEmpty, try await catalog.read({ try !$0.hasMovingJobs() }) { return done }
            try await withThrowingTaskGroup { group in
                for job in claimed {
                    group.addTask {
                        let transfer = try await catalog.beginTransfer(job.lease, to: store)
                        try await catalog.beginCommit(job.lease, of: transfer.id, with: result)
                        try await catalog.completeImport(
                            job.lease, result: result, replicas: [Replica(store: store, state: .available)])
                    }
                }
                try await group.waitForAll()
            }
            done += claimed.map(\.job.id)
        }
    }

    /// Workers that claim and give back as fast as they can, under limits that are counted after every claim.
    public static func strictLimits(workers: Int, rounds: Int, open: CatalogConformance.Factory) async throws {
        let limits = CatalogLimits(ownerRunning: 3, sourceHostRunning: 4)
        func catalog(_ seed: Int) throws -> ImageCatalog {
            ImageCatalog(database: try open(), random: SeededRandomSource(seed: UInt64(seed)), limits: limits)
        }
        let watcher = try catalog(1)
        _ = try await watcher.accept(
            (0..<40).map { message("j-\($0)", image: "i-\($0)", owner: "o-\($0 % 4)", host: "h-\($0 % 2)") })
        try await withThrowingTaskGroup { group in
            for worker in 0..<workers {
                let catalog = try catalog(worker + 10)
                group.addTask {
                    for _ in 0..<rounds {
                        let claimed = try await catalog.claim(
                            for: CatalogSamples.id("w-\(worker)"), slots: [.import: 4], lease: .seconds(60)
                        ).jobs
                        let (owners, hosts) = try await catalog.read {
                            (try $0.runningByOwner(), try $0.runningBySourceHost())
                        }
                        try expect(owners.values.allSatisfy { $0 <= 3 }, "no owner has more than 3: \(owners)")
                        try expect(hosts.values.allSatisfy { $0 <= 4 }, "no host serves more than 4: \(hosts)")
                        for job in claimed { try await catalog.giveBack(job.lease) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Workers that take in the same messages at the same time, in batches and in opposite order; every job follows one of
    /// another batch. Then all are completed: none is lost, doubled or left waiting.
    public static func crossingIntakes(batches: Int, size: Int, open: CatalogConformance.Factory) async throws {
        func messages(_ batch: Int) -> [IntakeItem] {
            (0..<size).map { number in
                message(
                    "j-\(batch)-\(number)", image: "i-\(batch)-\(number)", owner: "o-\(number % 5)",
                    after: number % 2 == 0 ? [] : ["j-\((batch + 1) % batches)-\(number - 1)"])
            }
        }
        let limits = CatalogLimits(ownerImages: batches * size)
        try await withThrowingTaskGroup { group in
            for worker in 0..<4 {
                let catalog = ImageCatalog(
                    database: try open(), random: SeededRandomSource(seed: UInt64(worker + 10)), limits: limits)
                group.addTask {
                    for batch in worker % 2 == 0 ? Array(0..<batches) : (0..<batches).reversed() {
                        _ = try await catalog.accept(worker < 2 ? messages(batch) : messages(batch).reversed())
                    }
                }
            }
            try await group.waitForAll()
        }
        let catalog = ImageCatalog(database: try open(), random: SeededRandomSource(seed: 1))
        let done = try await complete(on: catalog, as: "w")
        try expectEqual(done.count, batches * size)
        try expectEqual(Set(done).count, batches * size)
        let accepted = try await catalog.read { try $0.unpublished(limit: 99_999) }
            .count { $0.event.topic == .image(.import, .accepted) }
        try expectEqual(accepted, batches * size)
    }

    /// Workers that take in imports of one owner at the same time, who may have only some of the images.
    public static func strictQuota(workers: Int, images: Int, open: CatalogConformance.Factory) async throws {
        let limits = CatalogLimits(ownerImages: images)
        let watcher = ImageCatalog(database: try open(), random: SeededRandomSource(seed: 1), limits: limits)
        try await withThrowingTaskGroup { group in
            for worker in 0..<workers {
                let catalog = ImageCatalog(
                    database: try open(), random: SeededRandomSource(seed: UInt64(worker + 10)), limits: limits)
                group.addTask {
                    for number in 0..<images {
                        let id = "\(worker)-\(number)"
                        _ = try await catalog.accept([message("j-\(id)", image: "i-\(id)", owner: "o")])
                    }
                }
            }
            try await group.waitForAll()
        }
        let owned = try await watcher.read { try $0.images(ImageFilter(owner: CatalogSamples.id("o"), limit: 999)) }
        try expectEqual(owned.count, images)
        let failed = try await watcher.read { try $0.jobs(JobFilter(states: [.failed], limit: 999)) }
        try expectEqual(failed.count, (workers - 1) * images)
    }

    /// A predecessor ends in the moment in which its successor is accepted, many times over: no successor is forgotten.
    public static func successors(_ rounds: Int, open: CatalogConformance.Factory) async throws {
        let worker = ImageCatalog(database: try open(), random: SeededRandomSource(seed: 1))
        let intake = ImageCatalog(database: try open(), random: SeededRandomSource(seed: 2))
        for round in 0..<rounds {
            _ = try await worker.accept([message("a-\(round)", image: "i-\(round)")])
            let claimed = try await worker.claim(
                for: CatalogSamples.id("w"), slots: [.import: 9], lease: .seconds(60)
            ).jobs
            try expectEqual(claimed.map(\.job.id.rawValue), ["a-\(round)"])
            async let ended: Void = worker.fail(claimed[0].lease, because: CatalogSamples.failure)
            async let accepted = intake.accept(
                [message("b-\(round)", image: "k-\(round)", after: ["a-\(round)"])])
            _ = try await (ended, accepted)
            let successor = try await intake.read { try $0.job(CatalogSamples.id("b-\(round)")) }
            try expectEqual(successor?.failure?.code, .predecessorFailed)
        }
    }
}

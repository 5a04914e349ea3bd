import Catalog
import ImageModel

extension CatalogConformance {
    static let fairness: [Self] = [
        Self("the next job is that of the owner with the fewest running, then of the one served least recently") {
            open in
            let database = try open()
            for owner in ["a", "b", nil as String?] {
                for number in 1...3 {
                    try await database.insert("\(owner ?? "none")-\(number)", owner: owner)
                }
            }
            try await database.insert("a-0", owner: "a", state: .running)
            try await database.write { rows in
                // b and nobody come before a, which has one running; then all have one, and nobody was served last.
                try expectEqual(rows.turns(.import, 3), ["b-1", "none-1", "a-1"])
                try expectEqual(rows.turns(.import, 9), ["b-2", "none-2", "a-2", "b-3", "none-3", "a-3"])
            }
        },
        Self("owners of which none was served have their turns as they came, whatever their priorities") { open in
            let database = try open()
            try await database.insert("a-1", owner: "a", priority: 0)
            try await database.insert("b-1", owner: "b", priority: 9)
            try await database.insert("a-2", owner: "a", priority: 9)
            try await database.write { try expectEqual($0.turns(.import, 9), ["a-2", "b-1", "a-1"]) }
        },
        Self("turns of one kind have nothing to do with those of another") { open in
            let database = try open()
            let update = JobWork.update(UpdateRequest(imageID: CatalogSamples.id("i"), changes: [.name("n")]))
            for number in 1...3 {
                try await database.insert("a-\(number)", owner: "a", state: .running)
            }
            try await database.insert("update-a", update, account: "a")
            try await database.insert("update-b", update, account: "b")
            try await database.write { try expectEqual($0.turns(.update, 9), ["update-a", "update-b"]) }
        },
        Self("an owner whose jobs have all ended keeps its place behind those who waited longer") { open in
            let database = try open()
            try await database.insert("a-1", owner: "a")
            try await database.insert("b-1", owner: "b")
            try await database.write { rows in
                try expectEqual(rows.turns(.import, 2, thenIn: .succeeded), ["a-1", "b-1"])
            }
            try await database.insert("b-2", owner: "b")
            try await database.insert("a-2", owner: "a")
            try await database.write { try expectEqual($0.turns(.import, 9), ["a-2", "b-2"]) }
        },
        Self("a job becomes due by time alone, and its owner is passed over until then") { open in
            let database = try open()
            let now = try await database.read { $0.now }
            try await database.insert("a-late", owner: "a", state: .retrying, runAt: now + .seconds(600))
            try await database.insert("b-soon", owner: "b", state: .retrying, runAt: now + .milliseconds(-1))
            try await database.write { try expectEqual($0.turns(.import, 9), ["b-soon"]) }
        },
        Self("owners and hosts that are held back are passed over") { open in
            let database = try open()
            for (id, owner, host) in [("a", "a", "h"), ("a-2", "a", "g"), ("b", "b", "h"), ("c", nil as String?, "g")] {
                try await database.insert(id, owner: owner, host: host)
            }
            try await database.write { rows in
                try expectEqual(rows.nextImport(HeldBack()), "a")
                try expectEqual(rows.nextImport(HeldBack(owners: [CatalogSamples.id("a")])), "b")
                try expectEqual(rows.nextImport(HeldBack(hosts: ["h"])), "a-2")
                try expectEqual(rows.nextImport(HeldBack(owners: [CatalogSamples.id("a")], hosts: ["h"])), "c")
                try expectEqual(rows.nextImport(HeldBack(owners: [CatalogSamples.id("a"), nil], hosts: ["h"])), nil)
            }
        },
        Self("a look finds what a claim would: jobs that are due and not held back") { open in
            let database = try open()
            let now = try await database.read { $0.now }
            let owner: AccountID = CatalogSamples.id("a")
            try await database.expectOutlook(false)
            try await database.insert("late", owner: "b", state: .retrying, runAt: now + .seconds(600))
            try await database.insert("runs", owner: "b", state: .running)
            try await database.insert("waits", owner: "b", state: .deferred, runAt: Timestamp(microseconds: .max))
            try await database.expectOutlook(false)
            try await database.insert("due", owner: "a", host: "h")
            try await database.expectOutlook(true)
            try await database.expectOutlook(false, of: [.update, .copy])
            try await database.expectOutlook(true, of: [.update, .import])
            try await database.expectOutlook(false, except: HeldBack(owners: [owner]))
            try await database.expectOutlook(false, except: HeldBack(hosts: ["h"]))
            try await database.expectOutlook(true, except: HeldBack(owners: [nil], hosts: ["g"]))
            try await database.insert("also", owner: nil, host: "h")
            try await database.expectOutlook(true, except: HeldBack(owners: [owner]))
            try await database.expectOutlook(false, except: HeldBack(owners: [owner, nil]))
        },
        Self("a look finds jobs whose time has come, lost leases and deferred jobs whose time has passed") { open in
            let database = try open()
            let now = try await database.read { $0.now }
            for state in [JobState.retrying, .deferred] {
                let id = "came-\(state.rawValue)"
                try await database.insert(id, owner: "a", state: state, runAt: now + .milliseconds(-1))
                try await database.expectOutlook(true)
                try await database.write { rows in
                    var job = try rows.job(CatalogSamples.id(id))
                    job?.state = .succeeded
                    try expectEqual(job.map { try rows.update($0, ifFenceIs: $0.fence) }, true)
                }
            }
            try await database.insert("lost", owner: "a", state: .running)
            try await database.expectOutlook(false)
            try await database.write { rows in
                _ = try rows.extendLease(of: CatalogSamples.id("lost"), ifFenceIs: 0, by: .milliseconds(-1))
            }
            try await database.expectOutlook(true)
        },
        Self("running jobs are counted by owner, and imports by source host") { open in
            let database = try open()
            let update = JobWork.update(UpdateRequest(imageID: CatalogSamples.id("i"), changes: [.name("n")]))
            try await database.insert("1", owner: "a", host: "H.example:8080", state: .running)
            try await database.insert("2", owner: nil, host: "h.example.", state: .running)
            try await database.insert("3", owner: "a", host: "g", state: .queued)
            try await database.insert("4", update, account: "a", state: .running)
            try await database.read { rows in
                try expectEqual(rows.runningByOwner(), [CatalogSamples.id("a"): 2, nil: 1])
                try expectEqual(rows.runningBySourceHost(), ["h.example": 2])
            }
        },
        Self("what an owner has counts: images that are there, their bytes in every store, and what jobs reserve") {
            open in
            let database = try open()
            try await database.write { rows in
                for status in [ImageStatus.queued, .importing, .active, .deleting, .failed, .cancelled, .deleted] {
                    var image = CatalogSamples.image("i-\(status.rawValue)", status: status)
                    image.content?.size = 100
                    try rows.insert(image)
                }
                try rows.insert(CatalogSamples.bareImage("other"))
            }
            var job = CatalogSamples.job("job", CatalogSamples.importWork("i-queued"))
            job.reservedBytes = 7
            try await database.write { [job] in try $0.insert(job, JobAdmission(canonicalForm: "{}")) }
            let owner: AccountID = CatalogSamples.id("acct-1")
            try await expectEqual(
                database.read { try $0.usage(of: owner) }, OwnerUsage(images: 4, bytes: 800, reservedBytes: 7))
            try await expectEqual(database.read { try $0.usage(of: nil) }, OwnerUsage(images: 1))
            job.reservedBytes = nil
            try await database.write { [job] rows in
                _ = try rows.update(job, ifFenceIs: 0)
                var image = CatalogSamples.image("i-active", status: .active)
                image.content?.size = 1
                image.replicas.removeLast()
                try rows.update(image)
            }
            try await expectEqual(database.read { try $0.usage(of: owner) }, OwnerUsage(images: 4, bytes: 601))
        },
        Self("what is known of source hosts comes back exactly, until it is forgotten") { open in
            let database = try open()
            let moment = CatalogSamples.moment
            let whole = HostHealth(
                host: "b", failures: 6, rests: 2, restUntil: moment + .seconds(9),
                probe: HostHealth.Probe(job: CatalogSamples.id("job-1"), fence: 3), changedAt: moment)
            let plain = HostHealth(host: "c", failures: 1, changedAt: moment + .seconds(1))
            let resting = HostHealth(host: "a", failures: 5, rests: 1, restUntil: moment, changedAt: moment)
            try await database.write { rows in
                for health in [HostHealth(host: "b", changedAt: moment), whole, plain, resting] { try rows.put(health) }
                try expectEqual(rows.health(ofHost: "b"), whole)
                try expectEqual(rows.health(ofHost: "c"), plain)
                try expectEqual(rows.health(ofHost: "d"), nil)
                try expectEqual(rows.restedHosts(), [resting, whole])
                try rows.forgetHost("b")
                try expectEqual(rows.restedHosts(), [resting])
                try rows.forgetHosts(unchangedSince: moment + .seconds(1))
                try expectEqual(rows.restedHosts(), [])
                try expectEqual(rows.health(ofHost: "c"), plain)
            }
        },
    ]
}

extension CatalogDatabase {
    fileprivate func expectOutlook(
        _ isClaimable: Bool, of kinds: Set<JobKind> = [.import], except held: HeldBack = HeldBack()
    ) async throws {
        try await expectEqual(read { try $0.hasClaimableJob(of: kinds, except: held) }, isClaimable)
    }
}

extension CatalogTransaction {
    fileprivate func nextImport(_ held: HeldBack) throws -> String? {
        try nextDueJob(.import, except: held)?.id.rawValue
    }

    /// Begins up to `count` jobs, each when it is its turn, and returns them in that order.
    func turns(_ kind: JobKind, _ count: Int = 99, thenIn state: JobState = .running) throws -> [String] {
        var ids: [String] = []
        while ids.count < count, var job = try nextDueJob(kind, except: HeldBack()) {
            job.state = state
            guard try update(job, ifFenceIs: job.fence) else { break }
            try noteServed(job.request.owner, kind)
            ids.append(job.id.rawValue)
        }
        return ids
    }
}

extension CatalogDatabase {
    /// Adds an import of an owner from a host.
    func insert(
        _ id: String, owner: String?, host: String = "h", priority: Int = 4, state: JobState = .queued,
        runAt: Timestamp = CatalogSamples.moment
    ) async throws {
        let work = JobWork.import(
            ImportRequest(
                image: ImageSpecification(name: "n", owner: owner.map { CatalogSamples.id($0) }),
                source: SourceLocation(url: "https://\(host)/image")))
        try await insert(id, work, account: nil, priority: priority, state: state, runAt: runAt)
    }

    /// Adds a job of an account.
    func insert(
        _ id: String, _ work: JobWork, account: String?, priority: Int = 4, state: JobState = .queued,
        runAt: Timestamp = CatalogSamples.moment
    ) async throws {
        var job = Job(
            request: JobRequest(
                id: CatalogSamples.id(id), priority: priority,
                actor: account.map { JobActor(account: CatalogSamples.id($0)) }, work: work),
            imageID: work.imageID, acceptedAt: CatalogSamples.moment)
        job.state = state
        job.runAt = runAt
        try await write { [job] in try $0.insert(job, JobAdmission(canonicalForm: "{}")) }
    }
}

import Catalog
import ImageModel

extension CatalogConformance {
    static let jobQuestions: [Self] = [
        Self("a job is written back only while its fence stands") { open in
            let database = try open()
            var job = CatalogSamples.job("job-1", CatalogSamples.importWork())
            job.fence = 3
            try await database.write { [job] in try $0.insert(job, JobAdmission(canonicalForm: "{}")) }
            var late = job
            late.state = .failed
            late.fence = 9
            for fence in [Int64(2), 4] {
                try await expectEqual(database.write { [late] in try $0.update(late, ifFenceIs: fence) }, false)
            }
            try await expectEqual(database.read { [job] in try $0.job(job.id) }, job)
            try await expectEqual(database.write { [late] in try $0.update(late, ifFenceIs: 3) }, true)
            try await expectEqual(database.read { [job] in try $0.job(job.id) }, late)
        },
        Self("a lease runs out by the database's clock, and only a running job with the right fence has one") { open in
            let database = try open()
            for name in ["a", "b", "c"] { try await database.insert(name, fence: 1, state: .running) }
            try await database.insert("d", fence: 1)
            try await database.write { rows in
                try expectEqual(rows.extendLease(of: CatalogSamples.id("a"), ifFenceIs: 1, by: .zero), true)
                try expectEqual(rows.extendLease(of: CatalogSamples.id("b"), ifFenceIs: 1, by: .seconds(600)), true)
                try expectEqual(rows.extendLease(of: CatalogSamples.id("c"), ifFenceIs: 1, by: .seconds(-1)), true)
                try expectEqual(rows.extendLease(of: CatalogSamples.id("b"), ifFenceIs: 2, by: .zero), false)
                try expectEqual(rows.extendLease(of: CatalogSamples.id("d"), ifFenceIs: 1, by: .zero), false)
                try expectEqual(rows.extendLease(of: CatalogSamples.id("nobody"), ifFenceIs: 0, by: .zero), false)
            }
            try await database.write { rows in
                try expectEqual(rows.jobsWithExpiredLease(limit: 9).map(\.id.rawValue), ["a", "c"])
                try expectEqual(rows.jobsWithExpiredLease(limit: 1).map(\.id.rawValue), ["a"])
                try expectEqual(rows.extendLease(of: CatalogSamples.id("a"), ifFenceIs: 1, by: .seconds(600)), true)
                try expectEqual(rows.jobsWithExpiredLease(limit: 9).map(\.id.rawValue), ["c"])
            }
        },
        Self("due jobs come by priority, then as accepted, and only of the kind asked for") { open in
            let database = try open()
            let now = try await database.read { $0.now }
            try await database.insert("low", priority: 0)
            try await database.insert("first", priority: 4)
            try await database.insert("second", priority: 4, state: .retrying)
            try await database.insert("high", priority: 9)
            try await database.insert("later", priority: 9, runAt: now + .seconds(600))
            try await database.insert("waits", priority: 9, state: .deferred)
            try await database.insert("runs", priority: 9, state: .running)
            try await database.insert("ended", priority: 9, state: .succeeded)
            try await database.insert("copy", .copy(CopyRequest(imageID: CatalogSamples.id("i"))), priority: 9)
            try await database.write { rows in
                try expectEqual(rows.turns(.import), ["high", "first", "second", "low"])
                try expectEqual(rows.turns(.copy), ["copy"])
                try expectEqual(rows.turns(.share), [])
            }
        },
        Self("waiting jobs are counted by kind") { open in
            let database = try open()
            try await expectEqual(database.read { try $0.waitingCounts() }, [:])
            for state in JobState.allCases { try await database.insert("i-\(state.rawValue)", state: state) }
            try await database.insert("copy", .copy(CopyRequest(imageID: CatalogSamples.id("i"))))
            try await expectEqual(database.read { try $0.waitingCounts() }, [.import: 3, .copy: 1])
        },
        Self("unfinished jobs are counted by kind and state, and the oldest of each is known") { open in
            let database = try open()
            try await expectEqual(database.read { try $0.jobLoad() }, [])
            for state in JobState.allCases { try await database.insert("i-\(state.rawValue)", state: state) }
            var late = CatalogSamples.job("late", CatalogSamples.importWork())
            late.acceptedAt = late.acceptedAt + .seconds(60)
            try await database.write { [late] in try $0.insert(late, JobAdmission(canonicalForm: "{}")) }
            try await database.insert("copy", .copy(CopyRequest(imageID: CatalogSamples.id("i"))))
            let moment = CatalogSamples.moment
            try await expectEqual(
                database.read { try $0.jobLoad() },
                [
                    JobLoad(kind: .copy, state: .queued, count: 1, oldest: moment),
                    JobLoad(kind: .import, state: .deferred, count: 1, oldest: moment),
                    JobLoad(kind: .import, state: .queued, count: 2, oldest: moment),
                    JobLoad(kind: .import, state: .retrying, count: 1, oldest: moment),
                    JobLoad(kind: .import, state: .running, count: 1, oldest: moment),
                ])
        },
        Self("deferred jobs that name predecessors are counted by kind") { open in
            let database = try open()
            try await expectEqual(database.read { try $0.followerCounts() }, [:])
            for state in JobState.allCases {
                try await database.insert("i-\(state.rawValue)", state: state, after: ["p"])
            }
            try await database.insert("second", state: .deferred, after: ["p", "q"])
            try await database.insert("alone", state: .deferred)
            let share = ShareRequest(
                imageID: CatalogSamples.id("i"), action: .offer, member: CatalogSamples.id("m"))
            try await database.insert("share", .share(share), state: .deferred, after: ["p"])
            try await expectEqual(database.read { try $0.followerCounts() }, [.import: 2, .share: 1])
        },
        Self("queued, retrying and running jobs move by themselves, others do not") { open in
            let database = try open()
            try await database.insert("job")
            for state in JobState.allCases {
                var job = CatalogSamples.job("job", CatalogSamples.importWork())
                job.state = state
                try await database.write { [job] in try expectEqual($0.update(job, ifFenceIs: 0), true) }
                let moves = [JobState.queued, .retrying, .running].contains(state)
                try await expectEqual(database.read { try $0.hasMovingJobs() }, moves)
            }
        },
        Self("deferred jobs that follow an unknown job are stranded, oldest first") { open in
            let database = try open()
            try await database.insert("known")
            try await database.insert("second", state: .deferred, after: ["known", "unknown"])
            try await database.insert("first", state: .deferred, after: ["unknown"])
            try await database.insert("follows", state: .deferred, after: ["known"])
            try await database.insert("ended", state: .failed, after: ["unknown"])
            try await database.insert("waits", state: .deferred)
            try await expectEqual(
                database.read { try $0.strandedJobs(limit: 9).map(\.id.rawValue) }, ["second", "first"])
            try await expectEqual(database.read { try $0.strandedJobs(limit: 1).map(\.id.rawValue) }, ["second"])
        },
        Self("the next moment due is the earliest one to come of a waiting job") { open in
            let database = try open()
            let now = try await database.read { $0.now }
            try await expectEqual(database.read { try $0.nextDue() }, nil)
            try await database.insert("due", runAt: now)
            try await database.insert("never", state: .deferred, runAt: Timestamp(microseconds: .max))
            try await database.insert("runs", state: .running, runAt: now + .seconds(300))
            try await expectEqual(database.read { try $0.nextDue() }, nil)
            try await database.insert("late", state: .retrying, runAt: now + .seconds(900))
            try await expectEqual(database.read { try $0.nextDue() }, now + .seconds(900))
            try await database.insert("sooner", state: .deferred, runAt: now + .seconds(600))
            try await expectEqual(database.read { try $0.nextDue() }, now + .seconds(600))
        },
        Self("deferred jobs whose time has passed come oldest first") { open in
            let database = try open()
            let now = try await database.read { $0.now }
            try await database.insert("b", state: .deferred, runAt: now + .seconds(-1))
            try await database.insert("a", state: .deferred, runAt: now + .seconds(-2))
            try await database.insert("c", state: .deferred, runAt: now + .seconds(600))
            try await database.insert("d", state: .queued, runAt: now + .seconds(-3))
            try await database.write { rows in
                try expectEqual(rows.overdueDeferredJobs(limit: 9).map(\.id.rawValue), ["a", "b"])
                try expectEqual(rows.overdueDeferredJobs(limit: 1).map(\.id.rawValue), ["a"])
            }
        },
        Self("the unfinished jobs on an image come as accepted; a copy is on the image it reads, a cancel on none") {
            open in
            let database = try open()
            let copy = CopyRequest(imageID: CatalogSamples.id("image-1"), newImage: .init(name: "new"))
            for state in JobState.allCases.reversed() { try await database.insert("i-\(state.rawValue)", state: state) }
            try await database.insert("copy", .copy(copy), imageID: "image-8", after: ["x"])
            try await database.insert(
                "cancel", .cancel(CancelRequest(jobID: CatalogSamples.id("j"))), imageID: "image-1")
            try await database.insert("other", CatalogSamples.importWork("image-5"))
            let line = try await database.read { try $0.unfinishedJobs(on: CatalogSamples.id("image-1")) }
            try expectEqual(
                line.map(\.id.rawValue), ["i-retrying", "i-running", "i-deferred", "i-queued", "copy"])
            try expectEqual(line.map(\.state), [.retrying, .running, .deferred, .queued, .queued])
            try expectEqual(line.map(\.kind), [.import, .import, .import, .import, .copy])
            try expectEqual(line.map(\.hasPredecessors), [false, false, false, false, true])
        },
        Self("the jobs that wait for another are the deferred ones that name it") { open in
            let database = try open()
            try await database.insert("b", state: .deferred, after: ["x", "y"])
            try await database.insert("a", state: .deferred, after: ["y", "y"])
            try await database.insert("c", state: .queued, after: ["y"])
            try await database.insert("d", state: .deferred)
            try await database.read { rows in
                try expectEqual(rows.jobs(waitingFor: CatalogSamples.id("y")).map(\.id.rawValue), ["b", "a"])
                try expectEqual(rows.jobs(waitingFor: CatalogSamples.id("x")).map(\.id.rawValue), ["b"])
                try expectEqual(rows.jobs(waitingFor: CatalogSamples.id("z")), [])
            }
        },
        Self("jobs are listed newest first, by state, kind and image") { open in
            let database = try open()
            try await database.insert("a", state: .failed)
            try await database.insert("b", CatalogSamples.importWork("image-5"))
            try await database.insert("c", .delete(DeleteRequest(imageID: CatalogSamples.id("image-5"))))
            try await database.read { rows in
                try expectEqual(rows.jobs(JobFilter()).map(\.id.rawValue), ["c", "b", "a"])
                try expectEqual(rows.jobs(JobFilter(limit: 1)).map(\.id.rawValue), ["c"])
                try expectEqual(rows.jobs(JobFilter(states: [.failed, .running])).map(\.id.rawValue), ["a"])
                try expectEqual(rows.jobs(JobFilter(kind: .import)).map(\.id.rawValue), ["b", "a"])
                try expectEqual(
                    rows.jobs(JobFilter(image: CatalogSamples.id("image-5"))).map(\.id.rawValue), ["c", "b"])
            }
        },
        Self("a list of jobs goes on behind any of them, whatever came meanwhile") { open in
            let database = try open()
            for id in ["a", "b", "c", "d"] { try await database.insert(id, CatalogSamples.importWork("image-5")) }
            let copy = CopyRequest(
                imageID: CatalogSamples.id("image-5"), newImage: .init(id: CatalogSamples.id("image-6"), name: "n"))
            try await database.insert("e", .copy(copy), imageID: "image-6")
            try await database.insert("f", state: .failed)
            try await database.read { rows in
                func page(_ after: String, _ filter: JobFilter = JobFilter(), limit: Int = 9) throws -> [String] {
                    var filter = filter
                    (filter.after, filter.limit) = (CatalogSamples.id(after), limit)
                    return try rows.jobs(filter).map(\.id.rawValue)
                }
                try expectEqual(page("d", limit: 2), ["c", "b"])
                try expectEqual(page("b"), ["a"])
                try expectEqual(page("a"), [])
                try expectEqual(page("nobody"), [])
                let image = JobFilter(image: CatalogSamples.id("image-5"))
                try expectEqual(rows.jobs(image).map(\.id.rawValue), ["e", "d", "c", "b", "a"])
                try expectEqual(page("f", image, limit: 2), ["e", "d"])
                try expectEqual(page("d", image, limit: 2), ["c", "b"])
                try expectEqual(page("f", JobFilter(states: [.failed, .queued]), limit: 2), ["e", "d"])
            }
        },
        Self("a cancel is remembered for each account that asked") { open in
            let database = try open()
            let job: JobID = CatalogSamples.id("job-1")
            try await expectEqual(database.write { try $0.rememberedCancels(of: job) }, [])
            try await database.write { rows in
                for account in [CatalogSamples.id("acct-2"), nil, CatalogSamples.id("acct-1"), nil] as [AccountID?] {
                    try rows.rememberCancel(of: job, by: account)
                }
            }
            try await expectEqual(
                database.write { try $0.rememberedCancels(of: job) },
                [nil, CatalogSamples.id("acct-1"), CatalogSamples.id("acct-2")])
            try await expectEqual(database.write { try $0.rememberedCancels(of: CatalogSamples.id("job-2")) }, [])
        },
    ]
}

extension CatalogDatabase {
    /// Adds a job in a state.
    func insert(
        _ id: String, _ work: JobWork = CatalogSamples.importWork(), priority: Int = 4, fence: Int64 = 0,
        state: JobState = .queued, runAt: Timestamp = CatalogSamples.moment, imageID: String? = nil,
        after: [String] = []
    ) async throws {
        var job = CatalogSamples.job(id, work, priority: priority, after: after)
        job.fence = fence
        job.state = state
        job.runAt = runAt
        if let imageID { job.imageID = CatalogSamples.id(imageID) }
        try await write { [job] in try $0.insert(job, JobAdmission(canonicalForm: "{}")) }
    }
}

import Catalog
import ImageModel

extension CatalogConformance {
    static let roundTrips: [Self] = [
        Self("an image comes back exactly, with properties of every kind, tags in order, replicas and content") {
            open in
            let database = try open()
            for image in [CatalogSamples.image(), CatalogSamples.bareImage()] {
                try await database.write { try $0.insert(image) }
                try await expectEqual(database.read { try $0.image(image.id) }, image)
            }
        },
        Self("an updated image comes back exactly, and keeps the moment it was made") { open in
            let database = try open()
            var image = CatalogSamples.image()
            try await database.write { [image] in try $0.insert(image) }
            image.details.tags = ["only"]
            image.details.properties = ["one": .number(2.5)]
            image.replicas = [Replica(store: CatalogSamples.id("b"), state: .deleting, objectKey: "k")]
            image.content = nil
            image.operation = nil
            image.status = .deleting
            image.revision += 1
            try await database.write { [image] in try $0.update(image) }
            try await expectEqual(database.read { [image] in try $0.image(image.id) }, image)
            let bare = ImageDetails(name: "bare")
            image.details = bare
            image.replicas = []
            try await database.write { [image] in
                try $0.update(image)
                // The transaction sees what it wrote.
                try expectEqual(try $0.image(image.id), image)
            }
            try await expectEqual(database.read { [image] in try $0.image(image.id) }, image)
        },
        Self("an image that is not there cannot be updated, one that is there not inserted") { open in
            let database = try open()
            let image = CatalogSamples.image()
            try await expectCode(.corrupt) { try await database.write { try $0.update(image) } }
            try await database.write { try $0.insert(image) }
            try await expectCode(.corrupt) { try await database.write { try $0.insert(image) } }
        },
        Self("replicas come back in the order of their stores") { open in
            let database = try open()
            var image = CatalogSamples.image()
            image.replicas = ["b", "a", "B"].map { Replica(store: CatalogSamples.id($0), state: .pending) }
            try await database.write { [image] in try $0.insert(image) }
            try await expectEqual(
                database.read { [image] in try $0.image(image.id)?.replicas.map(\.store.rawValue) }, ["B", "a", "b"])
        },
        Self("a job of every kind comes back exactly, and so does what was kept beside it") { open in
            let database = try open()
            for (number, work) in CatalogSamples.works.enumerated() {
                var job = CatalogSamples.job("job-\(number)", work, priority: 9, after: ["job-a", "job-b"])
                let admission = JobAdmission(
                    canonicalForm: "{\"\u{E9}\":1}", sourceQuery: "sig=\(number)&x=%20", replyTo: "amq.gen-1",
                    correlationID: "c-1")
                try await database.write { [job] in try $0.insert(job, admission) }
                try await expectEqual(database.read { [job] in try $0.job(job.id) }, job)
                try await expectEqual(database.read { [job] in try $0.admission(of: job.id) }, admission)
                job.state = .running
                job.reason = "a reason"
                job.attempt = 2
                job.failedAttempts = 1
                job.fence = 5
                job.worker = CatalogSamples.id("worker-1")
                job.runAt = Timestamp(microseconds: .max)
                job.isCancelRequested = true
                job.progress = JobProgress(stage: .fetching, bytes: 1, total: nil, bytesPerSecond: 3)
                job.source = SourceFacts(
                    url: "https://h/p", size: 9, digests: [CatalogSamples.digest()], wrapper: "gzip", etag: "\"e\"",
                    lastModified: "Sat, 21 Nov 2026 11:42:06 GMT")
                job.failure = CatalogSamples.failure
                job.retryOf = CatalogSamples.id("job-z")
                job.repairs = CatalogSamples.id("job-y")
                job.startedAt = CatalogSamples.moment
                job.endedAt = CatalogSamples.moment + .seconds(1)
                try await expectEqual(database.write { [job] in try $0.update(job, ifFenceIs: 0) }, true)
                try await expectEqual(database.read { [job] in try $0.job(job.id) }, job)
            }
        },
        Self("a secret is replaced and wiped without a trace in the job") { open in
            let database = try open()
            let job = CatalogSamples.job("job-1", CatalogSamples.importWork())
            try await database.write { try $0.insert(job, JobAdmission(canonicalForm: "{}")) }
            try await expectEqual(database.read { try $0.admission(of: job.id)?.sourceQuery }, nil)
            for query in ["sig=1", "sig=2", nil] {
                try await database.write { try $0.setSourceQuery(query, of: job.id) }
                try await expectEqual(database.read { try $0.admission(of: job.id)?.sourceQuery }, query)
            }
            try await expectEqual(database.read { try $0.job(job.id) }, job)
        },
        Self("a member comes back exactly and keeps the moment of the first offer") { open in
            let database = try open()
            let image = CatalogSamples.image()
            var member = Member(
                account: CatalogSamples.id("acct-2"), status: .pending, createdAt: CatalogSamples.moment,
                updatedAt: CatalogSamples.moment)
            try await database.write { [member] in
                try $0.insert(image)
                try $0.put(member, of: image.id)
            }
            let second = Member(
                account: CatalogSamples.id("acct-1"), status: .stopped, createdAt: CatalogSamples.moment,
                updatedAt: CatalogSamples.moment)
            try await database.write { try $0.put(second, of: image.id) }
            try await expectEqual(database.read { [member] in try $0.members(of: image.id) == [second, member] }, true)
            member.status = .accepted
            member.updatedAt = CatalogSamples.moment + .seconds(1)
            var rewritten = member
            rewritten.createdAt = CatalogSamples.moment + .seconds(2)
            try await database.write { [rewritten] in try $0.put(rewritten, of: image.id) }
            try await expectEqual(database.read { [member] in try $0.member(member.account, of: image.id) }, member)
            try await expectEqual(database.read { try $0.member(CatalogSamples.id("acct-3"), of: image.id) }, nil)
        },
        Self("transfers come back exactly while they are open, oldest first") { open in
            let database = try open()
            var transfers = (0..<4).map {
                Transfer(
                    id: CatalogSamples.id("t-\(9 - $0)"), job: CatalogSamples.id("job-1"),
                    image: CatalogSamples.id("image-1"), store: CatalogSamples.id("default"),
                    createdAt: CatalogSamples.moment)
            }
            try await database.write { [transfers] in for transfer in transfers { try $0.insert(transfer) } }
            transfers[0].checkpoint = TransferCheckpoint(
                durableBytes: 1 << 25,
                midstates: [DigestMidstate(algorithm: .md5, words: "0123456789abcdef", byteCount: 1 << 25)],
                source: SourceFacts(url: "https://h/p", size: 1 << 40, etag: "\"v1\""))
            transfers[1].state = .committing
            transfers[1].result = TransferResult(
                content: CatalogSamples.content, source: SourceFacts(url: "https://h/p", size: 3))
            transfers[2].state = .committed
            transfers[3].state = .discarded
            try await database.write { [transfers] in for transfer in transfers { try $0.update(transfer) } }
            try await expectEqual(
                database.read { try $0.openTransfers(of: CatalogSamples.id("job-1")) }, Array(transfers[..<2]))
            try await expectEqual(database.read { try $0.openTransfers(of: CatalogSamples.id("job-2")) }, [])
            try await expectEqual(database.read { try $0.abandonedTransfers(limit: 9) }, [])
            transfers[0].state = .abandoned
            transfers[3].state = .abandoned
            try await database.write { [transfers] in for transfer in transfers { try $0.update(transfer) } }
            let abandoned = [transfers[0], transfers[3]]
            try await expectEqual(database.read { try $0.abandonedTransfers(limit: 9) }, abandoned)
            try await expectEqual(database.read { try $0.abandonedTransfers(limit: 1) }, Array(abandoned[..<1]))
            for (index, rest) in [abandoned[1...], abandoned[1...], abandoned[1...], []].enumerated() {
                let after = transfers[index].id
                try await expectEqual(
                    database.read { try $0.abandonedTransfers(after: after, limit: 9) }, Array(rest))
            }
        },
    ]
}

/// Throws unless `body` throws a ``CatalogError`` with `code`.
func expectCode(
    _ code: CatalogError.Code, file: String = #fileID, line: Int = #line, _ body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as CatalogError {
        try expectEqual(error.code, code, file: file, line: line)
        return
    }
    try expect(false, "\(code.rawValue) is thrown", file: file, line: line)
}

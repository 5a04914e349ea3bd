import Catalog
import ImageModel

extension CatalogConformance {
    static let imageQuestions: [Self] = [
        Self("images are listed newest first, by status, owner and accepted member") { open in
            let database = try open()
            try await database.write { rows in
                try rows.insert(CatalogSamples.image("a", status: .failed))
                try rows.insert(CatalogSamples.image("b"))
                try rows.insert(CatalogSamples.bareImage("c"))
                for (image, status) in [("a", MemberStatus.accepted), ("b", .pending)] {
                    try rows.put(
                        Member(
                            account: CatalogSamples.id("acct-2"), status: status, createdAt: rows.now,
                            updatedAt: rows.now),
                        of: CatalogSamples.id(image))
                }
            }
            try await database.read { rows in
                try expectEqual(rows.images(ImageFilter()).map(\.id.rawValue), ["c", "b", "a"])
                try expectEqual(rows.images(ImageFilter(limit: 2)).map(\.id.rawValue), ["c", "b"])
                try expectEqual(rows.images(ImageFilter(statuses: [.failed])).map(\.id.rawValue), ["a"])
                let owner: AccountID = CatalogSamples.id("acct-1")
                try expectEqual(rows.images(ImageFilter(owner: owner)).map(\.id.rawValue), ["b", "a"])
                let member: AccountID = CatalogSamples.id("acct-2")
                try expectEqual(rows.images(ImageFilter(sharedWith: member)).map(\.id.rawValue), ["a"])
                try expectEqual(rows.images(ImageFilter(statuses: [])), [])
                let statuses = ImageFilter(statuses: [.failed, .active, .queued])
                try expectEqual(rows.images(statuses).map(\.id.rawValue), ["c", "b", "a"])
                let both = ImageFilter(statuses: [.failed, .active], owner: owner)
                try expectEqual(rows.images(both).map(\.id.rawValue), ["b", "a"])
                func page(_ after: String, _ filter: ImageFilter = ImageFilter()) throws -> [String] {
                    var filter = filter
                    filter.after = CatalogSamples.id(after)
                    return try rows.images(filter).map(\.id.rawValue)
                }
                try expectEqual(page("c"), ["b", "a"])
                try expectEqual(page("c", statuses), ["b", "a"])
                try expectEqual(page("b", both), ["a"])
                try expectEqual(page("a"), [])
                try expectEqual(page("nobody"), [])
            }
        },
        Self("sequence numbers begin at one for each image and have no gaps, not even after a rollback") { open in
            let database = try open()
            let first: ImageID = CatalogSamples.id("a")
            let second: ImageID = CatalogSamples.id("b")
            try await expectEqual(database.write { try $0.nextSequence(of: first) }, 1)
            try await expectCode(.forbidden) {
                try await database.write { rows in
                    _ = try rows.nextSequence(of: first)
                    throw CatalogError(.forbidden, "no")
                }
            }
            try await expectEqual(
                database.write { rows in
                    [
                        try rows.nextSequence(of: first), try rows.nextSequence(of: second),
                        try rows.nextSequence(of: first),
                    ]
                }, [2, 1, 3])
        },
    ]

    static let outboxCases: [Self] = [
        Self("outbox entries come back exactly, as they came, until they are marked") { open in
            let database = try open()
            let entries = everyEntry
            try await database.write { rows in for entry in entries { try rows.append(entry) } }
            let stored = try await database.read { try $0.unpublished(limit: 99) }
            try expectEqual(stored.map(\.event), entries.map(\.event))
            try expectEqual(stored.map(\.destination), entries.map(\.destination))
            try expectEqual(Set(stored.map(\.number)).count, entries.count)
            try expectEqual(stored.map(\.number), stored.map(\.number).sorted())
            try expect(stored.allSatisfy { $0.publishedAt == nil && !$0.isUnrouted }, "nothing is published yet")
            try await expectEqual(database.read { try $0.unpublished(limit: 2) }, Array(stored[..<2]))

            let numbers = stored.map(\.number)
            try await database.write { try $0.markPublished([numbers[1], numbers[0]], unrouted: [numbers[1]]) }
            try await expectEqual(database.read { try $0.unpublished(limit: 99) }, Array(stored[2...]))
            try await database.write { try $0.markPublished(numbers, unrouted: []) }
            try await expectEqual(database.read { try $0.unpublished(limit: 99) }, [])
        },
        Self("published events stay as history; replies and dead letters are gone") { open in
            let database = try open()
            try await database.write { rows in for entry in everyEntry { try rows.append(entry) } }
            let numbers = try await database.read { try $0.unpublished(limit: 99).map(\.number) }
            try await database.write { try $0.markPublished(numbers, unrouted: [numbers[1]]) }
            let history = try await database.read { try $0.history(of: CatalogSamples.id("image-1"), limit: 99) }
            try expectEqual(history.map(\.event.id.rawValue), ["e-1", "e-2"])
            try expectEqual(history.map(\.isUnrouted), [false, true])
            try expect(history.allSatisfy { $0.publishedAt != nil }, "the history tells when it was published")
            let newest = try await database.read { try $0.history(of: CatalogSamples.id("image-1"), limit: 1) }
            try expectEqual(newest.map(\.event.id.rawValue), ["e-2"])
        },
        Self("the last event of a job is the last step that was announced, with or without an image") { open in
            let database = try open()
            try await database.write { rows in
                try rows.append(OutboxEntry(event: CatalogSamples.event("e-1")))
                try rows.append(OutboxEntry(event: CatalogSamples.event("e-2", phase: .completed, sequence: 2)))
                try rows.append(OutboxEntry(event: rejected))
                try rows.append(
                    OutboxEntry(event: CatalogSamples.event("e-9", job: "job-9", image: nil, sequence: nil)))
            }
            try await database.read { rows in
                try expectEqual(rows.lastEvent(of: CatalogSamples.id("job-1"))?.id.rawValue, "e-2")
                try expectEqual(rows.lastEvent(of: CatalogSamples.id("job-9"))?.id.rawValue, "e-9")
                try expectEqual(rows.lastEvent(of: CatalogSamples.id("job-8")), nil)
            }
        },
        Self("one worker holds a role until it runs out") { open in
            let database = try open()
            let first: WorkerID = CatalogSamples.id("w-1")
            let second: WorkerID = CatalogSamples.id("w-2")
            try await database.write { rows in
                try expectEqual(rows.holdRole("relay", worker: first, for: .seconds(600)), true)
                try expectEqual(rows.holdRole("relay", worker: second, for: .seconds(600)), false)
                try expectEqual(rows.holdRole("sweep", worker: second, for: .seconds(600)), true)
            }
            try await database.write { rows in
                try expectEqual(rows.holdRole("relay", worker: second, for: .seconds(600)), false)
                try expectEqual(rows.holdRole("relay", worker: first, for: .zero), true)
                try expectEqual(rows.holdRole("relay", worker: second, for: .seconds(600)), true)
                try expectEqual(rows.holdRole("relay", worker: first, for: .seconds(600)), false)
            }
        },
    ]

    private static let rejected = ImageEvent(
        id: CatalogSamples.id("e-r"), topic: .rejected(nil), imageID: nil, owner: nil, jobID: "job-1", sequence: nil,
        time: CatalogSamples.moment, data: EventData(error: CatalogSamples.failure))

    private static let everyEntry: [OutboxEntry] = {
        let completed = CatalogSamples.event(
            "e-2", phase: .completed, sequence: 2,
            data: EventData(
                job: CatalogSamples.job("job-1", CatalogSamples.works[5]), image: CatalogSamples.image(),
                source: SourceFacts(url: "https://h/p"),
                progress: JobProgress(stage: .storing, bytes: 1, total: 2, bytesPerSecond: 3),
                share: ShareOutcome(action: .offer, member: CatalogSamples.id("acct-2"), status: .pending),
                error: CatalogSamples.failure))
        return [
            OutboxEntry(event: CatalogSamples.event("e-1")),
            OutboxEntry(event: completed),
            OutboxEntry(event: completed, destination: .reply(to: "amq.gen-1", correlationID: nil)),
            OutboxEntry(event: completed, destination: .reply(to: "reply.x", correlationID: "c\u{E9}")),
            OutboxEntry(
                event: rejected,
                destination: .deadLetter(
                    DeadLetter(
                        body: Array(0...255), routingKey: "import", contentType: "application/json",
                        messageID: "job-1", correlationID: "c", replyTo: "r"))),
            OutboxEntry(event: rejected, destination: .deadLetter(DeadLetter(body: [], routingKey: ""))),
            OutboxEntry(event: CatalogSamples.event("e-3", image: "image-2")),
        ]
    }()
}

import Catalog
import ImageModel

extension CatalogConformance {
    static let outboxPages: [Self] = [
        Self("a page of the outbox leaves out the events of an image whose earlier one waits before the page") { open in
            let database = try open()
            try await database.write { rows in for entry in entries { try rows.append(entry) } }
            let numbers = try await database.read { try $0.unpublished(limit: 99).map(\.number) }

            let all = try await database.read { try $0.unpublished(in: OutboxRange()) }
            try expectEqual(all.entries.map(\.number), numbers)
            try expectEqual(all.last, numbers.last)
            try expect(!all.holdsBack, "nothing waits before the first page")

            let behind = try await database.read { try $0.unpublished(in: OutboxRange(after: numbers[0])) }
            try expectEqual(behind.entries.map(\.event.id.rawValue), ["b-1", "a-2", "b-2", "none", "c-1"])
            try expectEqual(behind.entries[1].destination, .reply(to: "reply.x", correlationID: nil))
            try expectEqual(behind.last, numbers.last)
            try expect(behind.holdsBack, "what waits for a-1 is left out")

            try await database.write { try $0.markPublished([numbers[0]], unrouted: []) }
            let freed = try await database.read { try $0.unpublished(in: OutboxRange(after: numbers[0])) }
            try expectEqual(freed.entries.map(\.number), Array(numbers[1...]))
            try expect(!freed.holdsBack, "a-1 is out")
        },
        Self("a page of the outbox ends at its last number, its limit or its bytes, and says how far it was read") {
            open in
            let database = try open()
            let empty = try await database.read { try $0.unpublished(in: OutboxRange()) }
            try expect(empty.entries.isEmpty && empty.last == nil, "there is nothing")
            try await database.write { rows in for entry in entries { try rows.append(entry) } }
            let numbers = try await database.read { try $0.unpublished(limit: 99).map(\.number) }
            func page(_ range: OutboxRange) async throws -> OutboxPage {
                try await database.read { try $0.unpublished(in: range) }
            }
            try await expectEqual(page(OutboxRange(through: numbers[1])).entries.map(\.number), Array(numbers[...1]))
            try await expectEqual(page(OutboxRange(limit: 3)).last, numbers[2])
            try await expectEqual(page(OutboxRange(byteLimit: 0)).entries.map(\.number), [numbers[0]])
            let two = try RowCoding.text(entries[0].event).utf8.count + 1
            try await expectEqual(page(OutboxRange(byteLimit: two)).entries.map(\.number), Array(numbers[...1]))
            // One that may not go out is looked at all the same, so that a reader gets behind it.
            let held = try await page(OutboxRange(after: numbers[1], through: numbers[2]))
            try expectEqual(held.entries, [])
            try expectEqual(held.last, numbers[2])
        },
    ]

    private static let entries: [OutboxEntry] = [
        entry("a-1", of: "a", 1), entry("b-1", of: "b", 1), entry("a-2", of: "a", 2),
        OutboxEntry(
            event: CatalogSamples.event("a-2", image: "a", sequence: 2),
            destination: .reply(to: "reply.x", correlationID: nil)),
        entry("b-2", of: "b", 2), entry("a-3", of: "a", 3), entry("none", of: nil, nil), entry("c-1", of: "c", 1),
    ]

    private static func entry(_ id: String, of image: String?, _ sequence: Int64?) -> OutboxEntry {
        OutboxEntry(event: CatalogSamples.event(id, image: image, sequence: sequence))
    }
}

import Catalog
import ImageModel

extension CatalogConformance {
    static let transactions: [Self] = [
        Self("nothing is written when the body throws, and its error comes out") { open in
            let database = try open()
            try await expectCode(.fenced) {
                try await database.write { rows in
                    try rows.insert(CatalogSamples.image())
                    try rows.append(OutboxEntry(event: CatalogSamples.event("e-1")))
                    _ = try rows.holdRole("relay", worker: CatalogSamples.id("w-1"), for: .seconds(600))
                    try rows.rememberCancel(of: CatalogSamples.id("j"), by: nil)
                    throw CatalogError(.fenced, "moved on")
                }
            }
            try await database.write { rows in
                try expectEqual(rows.image(CatalogSamples.id("image-1")), nil)
                try expectEqual(rows.unpublished(limit: 9), [])
                try expectEqual(rows.holdRole("relay", worker: CatalogSamples.id("w-2"), for: .zero), true)
                try expectEqual(rows.rememberedCancels(of: CatalogSamples.id("j")), [])
            }
        },
        Self("of writers that come together each sees those before it, and one that throws undoes only itself") {
            open in
            let database = try open()
            let image: ImageID = CatalogSamples.id("a")
            let numbers = try await withThrowingTaskGroup(of: Int64?.self) { group in
                for writer in 0..<60 {
                    group.addTask {
                        do {
                            return try await database.write { rows in
                                let number = try rows.nextSequence(of: image)
                                if writer % 3 == 0 { throw CatalogError(.forbidden, "every third") }
                                return number
                            }
                        } catch let error as CatalogError where error.code == .forbidden {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: [Int64?]()) { $0.append($1) }
            }
            try expectEqual(numbers.compactMap(\.self).sorted(), Array(1...40))
            try expectEqual(numbers.filter { $0 == nil }.count, 20)
        },
        Self("what one object has written another sees, and their writers do not lose each other's updates") { open in
            let databases = [try open(), try open()]
            try await expectEqual(databases[0].read { try $0.catalogID() }, databases[1].read { try $0.catalogID() })
            try await databases[0].write { try $0.insert(CatalogSamples.image()) }
            let id: ImageID = CatalogSamples.id("image-1")
            try await expectEqual(databases[1].read { try $0.image(id) }, CatalogSamples.image())
            try await withThrowingTaskGroup { group in
                for writer in 0..<40 {
                    let database = databases[writer % 2]
                    group.addTask {
                        try await database.write { rows in
                            guard var image = try rows.image(id) else { return }
                            image.revision += 1
                            try rows.update(image)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await expectEqual(databases[0].read { try $0.image(id)?.revision }, 47)
        },
        Self("a read sees one moment, though writers go on") { open in
            let database = try open()
            let ids: [ImageID] = [CatalogSamples.id("a"), CatalogSamples.id("b")]
            try await database.write { rows in for id in ids { try rows.insert(CatalogSamples.bareImage(id.rawValue)) }
            }
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for _ in 0..<30 {
                        try await database.write { rows in
                            for id in ids {
                                guard var image = try rows.image(id) else { return }
                                image.revision += 1
                                try rows.update(image)
                            }
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<30 {
                        let revisions = try await database.read { rows in try ids.map { try rows.image($0)?.revision } }
                        try expectEqual(revisions[0], revisions[1])
                    }
                }
                try await group.waitForAll()
            }
        },
        Self("a write that was begun ends although its task is cancelled") { open in
            let database = try open()
            try await withThrowingTaskGroup { group in
                group.addTask { try await database.write { try $0.insert(CatalogSamples.image()) } }
                group.cancelAll()
                try await group.waitForAll()
            }
            try await expectEqual(database.read { try $0.image(CatalogSamples.id("image-1")) }, CatalogSamples.image())
        },
    ]
}

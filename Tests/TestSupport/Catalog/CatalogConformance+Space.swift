import Catalog
import ImageModel

extension CatalogConformance {
    static let space: [Self] = [
        Self("what is promised of a store is what its open transfers have not written, and nothing else") { open in
            let database = try open()
            try await database.write { rows in
                try rows.insert(transfer("t-1", in: "a", reserved: 100, written: 30))
                try rows.insert(transfer("t-2", in: "a", reserved: 7, written: 0))
                try rows.insert(transfer("t-3", in: "b", reserved: 1_000, written: 0))
                // More was written than promised, by a worker that promises nothing: no debt to anybody.
                try rows.insert(transfer("t-4", in: "a", reserved: 0, written: 1 << 40))
                try expectEqual(rows.promises(in: CatalogSamples.id("a")).outstanding, 77)
            }
            try await expectEqual(database.read { try $0.promises(in: CatalogSamples.id("a")).outstanding }, 77)
            try await expectEqual(database.read { try $0.promises(in: CatalogSamples.id("c")).outstanding }, 0)
            for (state, outstanding) in [
                (TransferState.committing, 77), (.committed, 7), (.staging, 77), (.abandoned, 7), (.discarded, 7),
            ] as [(TransferState, Int64)] {
                try await database.write { rows in
                    var transfer = transfer("t-1", in: "a", reserved: 100, written: 30)
                    transfer.state = state
                    try rows.update(transfer)
                }
                let promises = try await database.read { try $0.promises(in: CatalogSamples.id("a")) }
                try expectEqual(promises, SpacePromises(outstanding: outstanding, released: 0))
            }
        },
        Self("which place a store is stays what was recorded first, and is nothing where the transaction fails") {
            open in
            let database = try open()
            let (name, first, second) = (CatalogSamples.id("a") as StoreName, StoreIdentity("1"), StoreIdentity("2"))
            try await expectEqual(database.read { try $0.identity(ofStore: name) }, nil)
            try await expectCode(.fenced) {
                try await database.write { rows in
                    try expectEqual(rows.recordIdentity(second, ofStore: name), second)
                    throw CatalogError(.fenced, "moved on")
                }
            }
            try await expectEqual(database.read { try $0.identity(ofStore: name) }, nil)
            for identity in [first, second, first] {
                try await expectEqual(database.write { try $0.recordIdentity(identity, ofStore: name) }, first)
            }
            try await expectEqual(database.read { try $0.identity(ofStore: name) }, first)
            try await expectEqual(database.read { try $0.identity(ofStore: CatalogSamples.id("b")) }, nil)
        },
        Self("what was released of each store adds up, and only when the transaction is committed") { open in
            let database = try open()
            for bytes in [5, 1 << 50] as [Int64] {
                try await database.write { try $0.noteReleased(bytes, in: CatalogSamples.id("a")) }
            }
            try await expectCode(.fenced) {
                try await database.write { rows in
                    try rows.noteReleased(9, in: CatalogSamples.id("a"))
                    throw CatalogError(.fenced, "moved on")
                }
            }
            try await database.read { rows in
                try expectEqual(rows.promises(in: CatalogSamples.id("a")).released, 1 << 50 + 5)
                try expectEqual(rows.promises(in: CatalogSamples.id("b")).released, 0)
            }
        },
        Self("a promise comes back with its transfer") { open in
            let database = try open()
            var sample = transfer("t-1", in: "a", reserved: 1 << 40, written: 3)
            try await database.write { [sample] in try $0.insert(sample) }
            try await expectEqual(database.read { try $0.openTransfers(of: CatalogSamples.id("job-1")) }, [sample])
            (sample.reservedBytes, sample.writtenBytes) = (1 << 41, 4)
            try await database.write { [sample] in try $0.update(sample) }
            try await expectEqual(database.read { try $0.openTransfers(of: CatalogSamples.id("job-1")) }, [sample])
        },
    ]

    private static func transfer(_ id: String, in store: String, reserved: Int64, written: Int64) -> Transfer {
        var transfer = Transfer(
            id: CatalogSamples.id(id), job: CatalogSamples.id("job-1"), image: CatalogSamples.id("image-1"),
            store: CatalogSamples.id(store), createdAt: CatalogSamples.moment)
        (transfer.reservedBytes, transfer.writtenBytes) = (reserved, written)
        return transfer
    }
}

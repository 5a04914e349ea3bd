import ImageModel
import ImageStore
import Testing

extension ImageStoreConformance {
    static let adoption: [Case] = [
        Case("An empty place is adopted once and then recognised") { place in
            for _ in 0..<2 { _ = try await adopted(place) }
        },
        Case("Workers that adopt at once all succeed") { place in
            let store = try await place.open(name)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { try await store.adopt(for: ours) } }
                try await group.waitForAll()
            }
        },
        Case("Of two catalogs that adopt at once one is refused") { place in
            let store = try await place.open(name)
            let refusals = await withTaskGroup(of: Bool.self) { group in
                for catalog in [ours, theirs] {
                    group.addTask {
                        do throws(StoreError) {
                            try await store.adopt(for: catalog)
                            return false
                        } catch {
                            return error.code == .policyDenied
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refusals == 1)
        },
        Case("A store of another catalog is refused, and both catalogs are named") { place in
            _ = try await adopted(place)
            let store = try await place.open(name)
            let error = await #expect(throws: StoreError.self) { try await store.adopt(for: theirs) }
            #expect(error?.code == .policyDenied)
            #expect(error?.isTransient == false)
            #expect(error?.message.contains(ours.rawValue) == true)
            #expect(error?.message.contains(theirs.rawValue) == true)
        },
        Case("A store that was adopted under another name is refused") { place in
            _ = try await adopted(place)
            let renamed = try await place.open(identifier("renamed"))
            let error = await #expect(throws: StoreError.self) { try await renamed.adopt(for: ours) }
            #expect(error?.code == .policyDenied)
        },
        Case("A place with somebody else's things in it is refused") { place in
            try await place.litter()
            let store = try await place.open(name)
            let error = await #expect(throws: StoreError.self) { try await store.adopt(for: ours) }
            #expect(error?.code == .policyDenied)
        },
        Case("Neither what is free nor what must stay free is negative") { place in
            let store = try await adopted(place)
            if let free = try await store.freeBytes() { #expect(free >= 0) }
            #expect(store.reserveBytes >= 0)
        },
    ]
}

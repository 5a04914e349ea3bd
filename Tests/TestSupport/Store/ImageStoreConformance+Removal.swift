import ImageModel
import ImageStore
import Testing

extension ImageStoreConformance {
    static let removal: [Case] = [
        Case("Discarding removes what was staged, and does nothing when nothing was") { place in
            let store = try await adopted(place)
            try await store.discard(transfer())
            try await abandon(ImageBytes(100_000), as: transfer(), in: store)
            for _ in 0..<2 { try await store.discard(transfer()) }
            #expect(try await store.committedObject(of: transfer()) == nil)
        },
        Case("Discarding never touches a committed object") { place in
            let store = try await adopted(place)
            let image = ImageBytes(100_000)
            let object = try await commit(image, as: transfer(), to: store)
            try await store.discard(transfer())
            try await abandon(ImageBytes(50_000, seed: 2), as: transfer(), in: store)
            try await store.discard(transfer())
            #expect(try await place.bytes(of: object) == image.bytes)
        },
        Case("Deleting removes one object, and does nothing when it is gone") { place in
            let store = try await adopted(place)
            let image = ImageBytes(10_000)
            let object = try await commit(image, as: transfer(1), to: store)
            let other = try await commit(image, as: transfer(2), to: store)
            for _ in 0..<2 { try await store.delete(objectKey: object.objectKey) }
            #expect(try await store.committedObject(of: transfer(1)) == nil)
            #expect(try await store.committedObject(of: transfer(2)) == other)
        },
        Case("A key that the store did not make is refused") { place in
            let store = try await adopted(place)
            let object = try await commit(ImageBytes(10), as: transfer(), to: store)
            let keys = [
                "", "/", "..", "../../etc/passwd", "/etc/passwd", ".longshore", "\(object.objectKey)/",
                "./\(object.objectKey)", "\(object.objectKey)/../x", "a/\(object.objectKey)", "\(object.objectKey)\0",
            ]
            for key in keys {
                await #expect(throws: StoreError(.internal, "", isTransient: false), "\(key)") {
                    try await store.delete(objectKey: key)
                }
            }
            #expect(try await store.committedObject(of: transfer()) == object)
        },
    ]
}

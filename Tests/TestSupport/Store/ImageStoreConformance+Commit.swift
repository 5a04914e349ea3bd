import ImageModel
import ImageStore
import Testing

extension ImageStoreConformance {
    /// Around nothing, a page and a chunk, where a store's lengths and offsets go wrong.
    private static let sizes = [0, 1, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 200_000, 262_144]

    static let commit: [Case] = [
        Case("A committed object has the bytes that were appended, whatever their number") { place in
            let store = try await adopted(place)
            for (number, size) in sizes.enumerated() {
                let image = ImageBytes(size, seed: UInt64(size))
                let object = try await commit(image, as: transfer(number), to: store)
                #expect(object.size == Int64(size))
                #expect(try await place.bytes(of: object) == image.bytes)
            }
        },
        Case("Another worker finds the object of a committed transfer") { place in
            let object = try await commit(ImageBytes(70_000), as: transfer(), to: adopted(place))
            let successor = try await place.open(name)
            #expect(try await successor.committedObject(of: transfer()) == object)
            #expect(try await successor.committedObject(of: transfer(2)) == nil)
        },
        Case("Committing a transfer a second time leaves the object as it was") { place in
            let store = try await adopted(place)
            let image = ImageBytes(70_000)
            let object = try await commit(image, as: transfer(), to: store)
            #expect(try await commit(image, as: transfer(), to: store) == object)
            #expect(try await place.bytes(of: object) == image.bytes)
        },
        Case("Nothing can be appended to a committed transfer, nor can it be committed twice") { place in
            let store = try await adopted(place)
            try await store.withStaging(transfer(), expectedSize: nil) { staged in
                let chunk = try #require(ImageBytes(100).chunks().first)
                try await staged.append(chunk)
                let object = try await staged.commit()
                await #expect(throws: StoreError.self) {
                    try await staged.append(chunk)
                    _ = try await staged.synchronize()
                }
                await #expect(throws: StoreError.self) { try await staged.commit() }
                #expect(try await place.bytes(of: object).count == 100)
            }
        },
    ]
}

import ImageModel
import ImageStore
import Testing

extension ImageStoreConformance {
    static let staging: [Case] = [
        Case("Staged bytes are no object until they are committed") { place in
            let store = try await adopted(place)
            try await abandon(ImageBytes(200_000), as: transfer(), in: store)
            #expect(try await store.committedObject(of: transfer()) == nil)
        },
        Case("Synchronising tells how many bytes are durable") { place in
            let store = try await adopted(place)
            try await store.withStaging(transfer(), expectedSize: nil) { staged in
                #expect(try await staged.synchronize() == 0)
                for chunk in ImageBytes(131_072).chunks() { try await staged.append(chunk) }
                #expect(try await staged.synchronize() == 131_072)
                for chunk in ImageBytes(100).chunks() { try await staged.append(chunk) }
                #expect(try await staged.synchronize() == 131_172)
            }
        },
        Case("A transfer that begins again begins with nothing") { place in
            let store = try await adopted(place)
            try await abandon(ImageBytes(300_000, seed: 1), as: transfer(), in: store)
            let image = ImageBytes(100_000, seed: 2)
            let object = try await commit(image, as: transfer(), to: store)
            #expect(try await place.bytes(of: object) == image.bytes)
        },
        Case("Transfers at the same time do not mix") { place in
            let store = try await adopted(place)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        let image = ImageBytes(150_000 + number * 4_096, seed: UInt64(number))
                        let object = try await commit(image, as: transfer(number), to: store)
                        #expect(try await place.bytes(of: object) == image.bytes)
                    }
                }
                try await group.waitForAll()
            }
        },
        Case("What the body throws comes out, and the result it returns") { place in
            let store = try await adopted(place)
            #expect(try await store.withStaging(transfer(), expectedSize: nil) { _ in 42 } == 42)
            await #expect(throws: Abandoned.self) {
                try await store.withStaging(transfer(), expectedSize: nil) { _ in throw Abandoned() }
            }
        },
    ]
}

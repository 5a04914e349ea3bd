import ImageModel
import ImageStore
import Testing

extension ImageStoreConformance {
    private static let sizes = [0, 1, 4_096, 65_537, 1 << 20, 3 << 20 + 100]

    static let reading: [Case] = [
        Case("A committed object is read back from any page on, in full chunks but the last") { place in
            let store = try await adopted(place)
            for (number, size) in sizes.enumerated() {
                let image = ImageBytes(size, seed: UInt64(size))
                let object = try await commit(image, as: transfer(number), to: store)
                try await place.open(name).withObject(object.objectKey) { opened in
                    #expect(opened.size == Int64(size))
                    for start in [0, 4_096, 1 << 20] where start <= size {
                        let read = try await bytes(of: opened, from: start)
                        #expect(read == Array(image.bytes[start...]), "\(size) from \(start)")
                    }
                }
            }
        },
        Case("An object that is not there cannot be read, and a key that the store did not make is refused") { place in
            let store = try await adopted(place)
            let object = try await commit(ImageBytes(10), as: transfer(), to: store)
            try await store.delete(objectKey: object.objectKey)
            await #expect(throws: StoreError(.storeUnavailable, "", isTransient: true)) {
                try await store.withObject(object.objectKey) { _ in }
            }
            for key in ["../../etc/passwd", "/etc/passwd", ".longshore", "\(object.objectKey)/../x"] {
                await #expect(throws: StoreError(.internal, "", isTransient: false), "\(key)") {
                    try await store.withObject(key) { _ in }
                }
            }
        },
        Case("What the body of a reading throws comes out") { place in
            let store = try await adopted(place)
            let object = try await commit(ImageBytes(10), as: transfer(), to: store)
            await #expect(throws: Abandoned.self) {
                try await store.withObject(object.objectKey) { _ in throw Abandoned() }
            }
        },
        Case("What one store of a kind clones from another are the object's own bytes") { place in
            let store = try await adopted(place)
            let image = ImageBytes(3 << 20 + 100)
            let object = try await commit(image, as: transfer(1), to: store)
            guard await store.canClone(from: store) else { return }
            let copy = try await store.withStaging(transfer(2), expectedSize: object.size) { staged in
                let end = object.size - object.size % 4_096
                let first = try await staged.clone(object.objectKey, of: store, upTo: 1 << 20)
                let kept = try await staged.clone(object.objectKey, of: store, upTo: end)
                #expect(first <= 1 << 20 && kept <= end && kept % 4_096 == 0 && staged.keptBytes == kept)
                #expect(
                    try await staged.keptChunk(at: 0)?.withBytes { Array($0.prefix(9)) } == Array(image.bytes[..<9]))
                for chunk in ImageBytes(Array(image.bytes[Int(kept)...])).chunks() { try await staged.append(chunk) }
                return try await staged.commit()
            }
            #expect(try await place.bytes(of: copy) == image.bytes)
            try await store.delete(objectKey: object.objectKey)
            #expect(try await place.bytes(of: copy) == image.bytes)
        },
    ]

    private static func bytes(of object: any ReadableObject, from start: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var isLast = false
        while let chunk = try await object.chunk(at: Int64(start + bytes.count)) {
            #expect(!isLast)
            isLast = chunk.count % 4_096 != 0
            chunk.withBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}

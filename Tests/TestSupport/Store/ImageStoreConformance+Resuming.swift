import ImageModel
import ImageStore
import Testing

extension ImageStoreConformance {
    /// A store that cannot go on keeps nothing and says so; every case holds for it too.
    static let resuming: [Case] = [
        Case("A successor reads what it keeps and goes on behind it, whatever lay behind that") { place in
            let image = ImageBytes(3 << 20 + 100)
            for (number, kept) in [0, 4_096, 65_536, 1 << 20, 3 << 20].enumerated() {
                let store = try await adopted(place)
                try await abandon(image, as: transfer(number), in: store)
                let successor = try await place.open(name)
                let object = try await successor.withStaging(
                    transfer(number), keeping: Int64(kept), expectedSize: Int64(image.bytes.count)
                ) { staged in
                    let rest = ImageBytes(image.bytes.count, seed: 2).bytes[Int(staged.keptBytes)...]
                    #expect(staged.keptBytes == kept || staged.keptBytes == 0)
                    #expect(try await keptBytes(of: staged) == Array(image.bytes[..<Int(staged.keptBytes)]))
                    for chunk in ImageBytes(Array(rest)).chunks() { try await staged.append(chunk) }
                    #expect(try await staged.synchronize() == image.bytes.count)
                    return try await staged.commit()
                }
                let stored = try await place.bytes(of: object)
                let other = ImageBytes(image.bytes.count, seed: 2).bytes
                #expect(
                    stored == Array(image.bytes[..<kept] + other[kept...]) || stored == other, "kept \(kept)")
            }
        },
        Case("Nothing is kept when less is there than was said, or nothing at all") { place in
            let store = try await adopted(place)
            try await abandon(ImageBytes(100_000), as: transfer(1), in: store)
            for number in 1...2 {
                try await store.withStaging(transfer(number), keeping: 1 << 20, expectedSize: nil) { staged in
                    let chunk = try await staged.keptChunk(at: 0)
                    let durable = try await staged.synchronize()
                    #expect(staged.keptBytes == 0 && chunk == nil && durable == 0)
                }
            }
        },
        Case("Bytes may be made durable by one task while another appends") { place in
            let store = try await adopted(place)
            let image = ImageBytes(8 << 20)
            let object = try await store.withStaging(transfer(), expectedSize: nil) { staged in
                try await withThrowingTaskGroup(of: Int64.self) { group in
                    for (number, chunk) in image.chunks(of: 1 << 20).enumerated() {
                        try await staged.append(chunk)
                        let least = Int64(number + 1) << 20
                        group.addTask {
                            let durable = try await staged.synchronize()
                            #expect(durable >= least)
                            return durable
                        }
                    }
                    try await group.waitForAll()
                }
                return try await staged.commit()
            }
            #expect(try await place.bytes(of: object) == image.bytes)
        },
    ]

    private static func keptBytes(of staged: any StagedImage) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await staged.keptChunk(at: Int64(bytes.count)) {
            chunk.withBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}

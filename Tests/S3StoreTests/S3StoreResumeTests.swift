import ImageModel
import ImageStore
import TestSupport
import Testing

@testable import S3Store

@Suite("S3 store, going on where a writer ended", .needsS3, .timeLimit(.minutes(5)))
struct S3StoreResumeTests {
    private struct Gone: Error {}

    private let transfer = identifier("5f0c1e5a-0000-4000-8000-00000000000a") as TransferID
    private let catalog = identifier("catalog-of-ours") as CatalogID

    private func store(_ place: TemporaryS3Place) async throws -> S3Store {
        let store = try S3Store(name: identifier("default"), place.configuration())
        try await store.adopt(for: catalog)
        return store
    }

    /// Appends bytes of an image from what is kept to `end`, makes them durable and ends without a commit.
    private func write(_ image: ImageBytes, upTo end: Int, keeping kept: Int, to store: S3Store) async throws {
        await #expect(throws: Gone.self) {
            try await store.withStaging(transfer, keeping: Int64(kept), expectedSize: nil) { staged in
                #expect(staged.keptBytes == kept)
                for chunk in ImageBytes(Array(image.bytes[kept..<end])).chunks() { try await staged.append(chunk) }
                #expect(try await staged.synchronize() == end)
                throw Gone()
            }
        }
    }

    @Test("Writer after writer goes on with the parts of the one before, and the object has all bytes")
    func goesOn() async throws {
        let place = try await TemporaryS3Place()
        let store = try await store(place)
        let image = ImageBytes(29 << 20 + 7)
        try await write(image, upTo: 12 << 20, keeping: 0, to: store)
        try await write(image, upTo: 13 << 20, keeping: 12 << 20, to: store)
        // One that dies before it stored anything of its own.
        try await write(image, upTo: 10 << 20, keeping: 10 << 20, to: store)
        try await write(image, upTo: 22 << 20, keeping: 10 << 20, to: store)
        let successor = try S3Store(name: store.name, place.configuration())
        let object = try await successor.withStaging(transfer, keeping: 22 << 20, expectedSize: nil) { staged in
            #expect(staged.keptBytes == 22 << 20)
            for offset in [0, 4_096, 11 << 20, 22 << 20 - 4_096] {
                let chunk = try #require(try await staged.keptChunk(at: Int64(offset)))
                #expect(chunk.withBytes { Array($0) } == Array(image.bytes[offset..<offset + chunk.count]))
            }
            #expect(try await staged.keptChunk(at: 22 << 20) == nil)
            for chunk in ImageBytes(Array(image.bytes[(22 << 20)...])).chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
        #expect(try await place.bytes(of: object) == image.bytes)
        #expect(try await store.committedObject(of: transfer) == object)
        #expect(try await store.client.uploads("").isEmpty)
        try await store.discard(transfer)
        #expect(try await place.bytes(of: object) == image.bytes)
    }

    @Test("What a successor completed early is no object, and goes when it is discarded")
    func earlyIsNoObject() async throws {
        let place = try await TemporaryS3Place()
        let store = try await store(place)
        let image = ImageBytes(11 << 20)
        try await write(image, upTo: 11 << 20, keeping: 0, to: store)
        try await write(image, upTo: 11 << 20, keeping: 10 << 20, to: store)
        #expect(try await store.client.head(store.place.key(S3Layout.Name(transfer, in: store.name).path)) != nil)
        #expect(try await store.committedObject(of: transfer) == nil)
        try await store.discard(transfer)
        #expect(try await keys(of: store) == [store.place.key(".longshore")])
        #expect(try await store.client.uploads("").isEmpty)
    }

    @Test("A writer that wakes up after another went on can neither write nor commit")
    func lateWriter() async throws {
        let place = try await TemporaryS3Place()
        let (late, store) = (try await store(place), try await store(place))
        let image = ImageBytes(12 << 20)
        let (stored, wake) = (AsyncGate(), AsyncGate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: StoreError.self) {
                    try await late.withStaging(transfer, expectedSize: nil) { staged in
                        for chunk in ImageBytes(Array(image.bytes[..<(6 << 20)])).chunks() {
                            try await staged.append(chunk)
                        }
                        _ = try await staged.synchronize()
                        stored.open()
                        await wake.wait()
                        for chunk in ImageBytes(Array(image.bytes[(6 << 20)...])).chunks() {
                            try await staged.append(chunk)
                        }
                        _ = try await staged.commit()
                    }
                }
            }
            await stored.wait()
            let other = ImageBytes(12 << 20, seed: 2)
            let object = try await store.withStaging(transfer, keeping: 6 << 20, expectedSize: nil) { staged in
                #expect(staged.keptBytes == 6 << 20)
                wake.open()
                try await group.waitForAll()
                for chunk in ImageBytes(Array(other.bytes[(6 << 20)...])).chunks() { try await staged.append(chunk) }
                return try await staged.commit()
            }
            let expected = Array(image.bytes[..<(6 << 20)] + other.bytes[(6 << 20)...])
            #expect(try await place.bytes(of: object) == expected)
        }
    }

    @Test("A sweep finds uploads as staged bytes and objects as objects, and nothing that is not the store's")
    func sweeps() async throws {
        let place = try await TemporaryS3Place()
        let store = try await store(place)
        let committed = identifier("5f0c1e5a-0000-4000-8000-00000000000b") as TransferID
        try await write(ImageBytes(6 << 20), upTo: 6 << 20, keeping: 0, to: store)
        let object = try await store.withStaging(committed, expectedSize: 3) { staged in
            for chunk in ImageBytes(3).chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
        try await store.client.put(store.place.key("objects/zz/notes.txt"), CallBody([1]))
        try await store.client.put(store.place.key("elsewhere"), CallBody([1]))
        var items: [StoredItem] = []
        for shelf in try await store.shelves() { items += try await store.items(on: shelf) }
        #expect(Set(items.map(\.transfer)) == [transfer, committed] && items.count == 2)
        #expect(items.first { $0.transfer == transfer }?.objectKey == nil)
        #expect(items.first { $0.transfer == transfer }?.size == 6 << 20)
        #expect(items.first { $0.transfer == committed }?.objectKey == object.objectKey)
        try await store.requireOwned(by: catalog)
        await #expect(throws: StoreError(.policyDenied, "", isTransient: false)) {
            try await store.requireOwned(by: identifier("catalog-of-theirs"))
        }
    }

    @Test("A service copies whole parts by itself, from one bucket into another")
    func clones() async throws {
        let (near, far) = (try await TemporaryS3Place(), try await TemporaryS3Place())
        let (source, target) = (try await store(near), try await store(far))
        let image = ImageBytes(17 << 20 + 100)
        let object = try await source.withStaging(transfer, expectedSize: nil) { staged in
            for chunk in image.chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
        #expect(await target.canClone(from: source))
        let copy = try await target.withStaging(transfer, expectedSize: object.size) { staged in
            #expect(try await staged.clone(object.objectKey, of: source, upTo: 11 << 20) == 10 << 20)
            #expect(try await staged.clone(object.objectKey, of: source, upTo: 17 << 20) == 17 << 20)
            #expect(staged.keptBytes == 17 << 20)
            let last = try #require(try await staged.keptChunk(at: 16 << 20))
            #expect(last.withBytes { Array($0) } == Array(image.bytes[(16 << 20)..<(17 << 20)]))
            for chunk in ImageBytes(Array(image.bytes[(17 << 20)...])).chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
        #expect(try await far.bytes(of: copy) == image.bytes)
    }

    private func keys(of store: S3Store) async throws -> [String] {
        var keys: [String] = []
        try await store.client.list("") { objects, _ in
            keys += objects.map(\.key)
            return true
        }
        return keys
    }
}

func identifier<Kind>(_ text: String) -> Identifier<Kind> {
    guard let identifier = Identifier<Kind>(text) else { preconditionFailure("\(text) is no identifier") }
    return identifier
}

/// Opened once, by anybody, for everybody.
final class AsyncGate: Sendable {
    private let monitor = Monitor(false)

    func open() { monitor.change { $0 = true } }

    func wait() async { _ = await monitor.wait { $0 ? true : nil } }
}

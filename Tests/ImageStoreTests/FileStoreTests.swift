import Foundation
import ImageModel
import ImageStore
import TestSupport
import Testing

@Suite("File store")
struct FileStoreTests {
    private let name: StoreName
    private let catalog: CatalogID
    private let transfer: TransferID
    private let place: TemporaryFilePlace
    private let store: FileStore

    init() throws {
        name = try #require(StoreName("default"))
        catalog = try #require(CatalogID("catalog-1"))
        transfer = try #require(TransferID("5f0c1e5a-0000-4000-8000-0123456789ab"))
        place = try TemporaryFilePlace()
        store = try FileStore(name: name, url: place.url)
    }

    @Test("Meets the contract of image stores", .timeLimit(.minutes(10)), arguments: ImageStoreConformance.cases)
    func conforms(_ testCase: ImageStoreConformance.Case) async throws {
        try await testCase.run(against: { try TemporaryFilePlace() })
    }

    @Test("Staged files are the owner's to write, objects are nobody's, directories are closed to others")
    func modes() async throws {
        try await store.adopt(for: catalog)
        let object = try await store.withStaging(transfer, expectedSize: nil) { staged in
            for chunk in ImageBytes(10_000).chunks() { try await staged.append(chunk) }
            #expect(try place.mode(of: "staging/\(transfer)") == 0o640)
            return try await staged.commit()
        }
        #expect(object.objectKey == "objects/ab/\(transfer)")
        #expect(object.url.hasSuffix("/objects/ab/\(transfer)"))
        #expect(try place.mode(of: object.objectKey) == 0o440)
        #expect(try place.names(in: "staging").isEmpty)
        for directory in [".", "staging", "objects", "objects/ab"] {
            #expect(try place.mode(of: directory) & 0o007 == 0)
        }
    }

    @Test("The marker tells version, catalog, store and time, and no temporary file stays beside it")
    func marker() async throws {
        try await store.adopt(for: catalog)
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(place.path)/.longshore"))
        let marker = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(marker["version"] as? Int == 1)
        #expect(marker["catalog"] as? String == "catalog-1")
        #expect(marker["store"] as? String == "default")
        #expect(Timestamp(rfc3339: try #require(marker["made_at"] as? String)) != nil)
        #expect(try place.names(in: ".") == [".longshore", "objects", "staging"])
    }

    @Test("A marker that cannot be read or is of a later layout stops the worker", arguments: ["", "{}", "later"])
    func strangeMarker(_ content: String) async throws {
        try await store.adopt(for: catalog)
        let later = #"{"version":2,"catalog":"catalog-1","store":"default","made_at":"2026-12-01T00:00:00.000Z"}"#
        let file = "\(place.path)/.longshore"
        try FileManager.default.removeItem(atPath: file)
        try Data((content == "later" ? later : content).utf8).write(to: URL(fileURLWithPath: file))
        let error = await #expect(throws: StoreError.self) { try await store.adopt(for: catalog) }
        #expect(error?.code == .storeUnavailable)
        #expect(error?.isTransient == false)
    }

    @Test("A second writer is told that the first one lives, and so is who would discard its bytes")
    func oneWriter() async throws {
        try await store.adopt(for: catalog)
        let successor = try FileStore(name: name, url: place.url)
        try await store.withStaging(transfer, expectedSize: nil) { staged in
            for chunk in ImageBytes(100_000).chunks() { try await staged.append(chunk) }
            let second = await #expect(throws: StoreError.self) {
                try await successor.withStaging(transfer, expectedSize: nil) { _ in }
            }
            #expect(second?.code == .storeUnavailable)
            #expect(second?.isTransient == true)
            let discarder = await #expect(throws: StoreError.self) { try await successor.discard(transfer) }
            #expect(discarder?.isTransient == true)
            #expect(try await staged.commit().size == 100_000)
        }
    }

    @Test("Whoever would go on with a transfer whose writer lives is told so, and cuts nothing off")
    func goingOnBesideTheWriter() async throws {
        try await store.adopt(for: catalog)
        let successor = try FileStore(name: name, url: place.url)
        try await store.withStaging(transfer, expectedSize: nil) { staged in
            for chunk in ImageBytes(1 << 20).chunks() { try await staged.append(chunk) }
            _ = try await staged.synchronize()
            let error = await #expect(throws: StoreError.self) {
                try await successor.withStaging(transfer, keeping: 4_096, expectedSize: nil) { _ in }
            }
            #expect(error?.isHeldElsewhere == true)
            #expect(try await staged.commit().size == 1 << 20)
        }
    }

    @Test("What is kept goes on past the page cache, and a place inside a page keeps nothing")
    func keepingPages() async throws {
        try await store.adopt(for: catalog)
        for (kept, expected) in [(65_536, 65_536), (65_537, 0)] as [(Int64, Int64)] {
            try await store.withStaging(transfer, expectedSize: nil) { staged in
                for chunk in ImageBytes(100_000).chunks() { try await staged.append(chunk) }
            }
            try await store.withStaging(transfer, keeping: kept, expectedSize: nil) { staged in
                #expect(staged.keptBytes == expected)
            }
        }
    }

    @Test("The lock ends with the staging, so that a successor gets it")
    func lockEnds() async throws {
        try await store.adopt(for: catalog)
        for _ in 0..<20 {
            try await store.withStaging(transfer, expectedSize: nil) { staged in
                for chunk in ImageBytes(100_000).chunks() { try await staged.append(chunk) }
            }
        }
        try await store.discard(transfer)
        #expect(try place.names(in: "staging").isEmpty)
    }

    @Test("A staging name that a killed committer left over is no way to its object")
    func leftOverName() async throws {
        try await store.adopt(for: catalog)
        let image = ImageBytes(50_000)
        let object = try await store.withStaging(transfer, expectedSize: nil) { staged in
            for chunk in image.chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
        let staging = "\(place.path)/staging/\(transfer)"
        try FileManager.default.linkItem(atPath: "\(place.path)/\(object.objectKey)", toPath: staging)
        try await store.withStaging(transfer, expectedSize: nil) { staged in
            for chunk in ImageBytes(7, seed: 2).chunks() { try await staged.append(chunk) }
        }
        #expect(try place.bytes(of: object) == image.bytes)
    }

    @Test("A symbolic link in the place of a staging file is not followed")
    func symbolicLink() async throws {
        try await store.adopt(for: catalog)
        let victim = "\(place.path)/victim"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: victim))
        let link = "\(place.path)/staging/\(transfer)"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
        let error = await #expect(throws: StoreError.self) {
            try await store.withStaging(transfer, expectedSize: nil) { _ in }
        }
        #expect(error?.message.contains(link) == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: victim)) == Data("precious".utf8))
    }

    @Test(
        "A transfer id that is not safe as a file name is refused", arguments: ["a..", "A123", "abc", "a:b:c", "ab--"])
    func unsafeTransfer(_ text: String) async throws {
        try await store.adopt(for: catalog)
        let transfer = try #require(TransferID(text))
        await #expect(throws: StoreError(.internal, "", isTransient: false)) {
            try await store.withStaging(transfer, expectedSize: nil) { _ in }
        }
    }

    @Test("A root that is gone, as a file system that is not mounted, is unavailable for now and named")
    func missingRoot() async throws {
        let error = await #expect(throws: StoreError.self) {
            try await store.withStaging(transfer, expectedSize: nil) { _ in }
        }
        #expect(error?.code == .storeUnavailable)
        #expect(error?.isTransient == true)
        #expect(error?.message.contains(place.path) == true)
        #expect(error?.message.contains("No such file or directory") == true)
    }

    @Test(
        "URLs of other forms are refused",
        arguments: [
            "", "/var/lib", "file:/x", "file://host/x", "file:///", "file:///a/../b", "file:///a%2", "file:///a%00b",
            "file:///a?b", "s3://bucket",
        ])
    func urls(_ url: String) throws {
        #expect(throws: StoreError.self) { try FileStore(name: name, url: url) }
    }
}

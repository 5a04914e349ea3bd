import Foundation
import Glibc
import ImageModel
import ImageStore
import TestSupport
import Testing

/// A small file system in memory; only root may mount one, and not in every container.
final class SmallFileSystem {
    let path: String

    static let isPossible = (try? SmallFileSystem(bytes: 1 << 20)) != nil

    init(bytes: Int) throws {
        path = "\(FileManager.default.temporaryDirectory.path)/small-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let status = try Self.run(["mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path])
        try #require(status == 0)
    }

    deinit {
        _ = try? Self.run(["umount", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ command: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

@Suite("File store without room", .timeLimit(.minutes(1)))
struct FileStoreSpaceTests {
    private let name: StoreName
    private let catalog: CatalogID
    private let transfer: TransferID

    init() throws {
        name = try #require(StoreName("default"))
        catalog = try #require(CatalogID("catalog-1"))
        transfer = try #require(TransferID("5f0c1e5a-0000-4000-8000-0123456789ab"))
    }

    private func write(_ size: Int, to store: FileStore, expectedSize: Int64? = nil) async throws -> StoredObject {
        try await store.withStaging(transfer, expectedSize: expectedSize) { staged in
            for chunk in ImageBytes(size).chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
    }

    @Test(
        "A file system that fills up is a passing lack of room, told with the bytes that are free",
        .enabled(if: SmallFileSystem.isPossible, "This account cannot mount a file system."))
    func fullFileSystem() async throws {
        let small = try SmallFileSystem(bytes: 1 << 20)
        let store = try FileStore(name: name, url: "file://\(small.path)/images")
        try await store.adopt(for: catalog)
        let error = await #expect(throws: StoreError.self) { try await write(2 << 20, to: store) }
        #expect(error?.code == .capacityExceeded)
        #expect(error?.isTransient == true)
        #expect(error?.message.contains("No space left on device") == true)
        #expect(error?.message.contains("0 B free") == true)
        #expect(try await store.committedObject(of: transfer) == nil)
        try await store.discard(transfer)
        #expect(try await write(500_000, to: store).size == 500_000)
    }

    @Test(
        "An image that is known to be too large is refused before its first byte",
        .enabled(if: SmallFileSystem.isPossible, "This account cannot mount a file system."))
    func knownTooLarge() async throws {
        let small = try SmallFileSystem(bytes: 1 << 20)
        let store = try FileStore(name: name, url: "file://\(small.path)/images")
        try await store.adopt(for: catalog)
        let error = await #expect(throws: StoreError.self) {
            try await store.withStaging(transfer, expectedSize: 2 << 20) { _ in Issue.record("the body ran") }
        }
        #expect(error?.code == .capacityExceeded)
        #expect(error?.isTransient == true)
        #expect(error?.message.contains("2.0 MiB") == true)
    }

    @Test("The reserve stays free", arguments: [nil, 1] as [Int64?])
    func reserve(expectedSize: Int64?) async throws {
        let place = try TemporaryFilePlace()
        let store = try FileStore(name: name, url: place.url, reserveBytes: 1 << 62)
        try await store.adopt(for: catalog)
        #expect(try await store.freeBytes() == 0)
        let error = await #expect(throws: StoreError.self) {
            try await write(10, to: store, expectedSize: expectedSize)
        }
        #expect(error?.code == .capacityExceeded)
        #expect(error?.message.contains("reserved") == true)
    }

    @Test("A failed write is told by the next call and by every one after it, and nothing is committed")
    func sizeLimit() async throws {
        let place = try TemporaryFilePlace()
        let path = place.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            // What the shell calls `ulimit -f`: for all of a process, so not for the one that runs the other tests.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let store = try FileStore(name: try #require(StoreName("default")), url: "file://\(path)")
            try await store.adopt(for: try #require(CatalogID("catalog-1")))
            let transfer = try #require(TransferID("5f0c1e5a-0000-4000-8000-0123456789ab"))
            try await store.withStaging(transfer, expectedSize: nil) { staged in
                let chunks = ImageBytes(1 << 20).chunks()
                let error = await #expect(throws: StoreError.self) {
                    for chunk in chunks { try await staged.append(chunk) }
                }
                #expect(error?.code == .capacityExceeded)
                #expect(error?.isTransient == false)
                await #expect(throws: StoreError.self) { try await staged.append(chunks[0]) }
                await #expect(throws: StoreError.self) { try await staged.synchronize() }
                await #expect(throws: StoreError.self) { try await staged.commit() }
            }
            #expect(try await store.committedObject(of: transfer) == nil)
        }
    }
}

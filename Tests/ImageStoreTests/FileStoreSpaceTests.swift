import Foundation
import Glibc
import ImageModel
import TestSupport
import Testing

@testable import ImageStore

@Suite("File store without room", .timeLimit(.minutes(10)))
struct FileStoreSpaceTests {
    private let name: StoreName
    private let catalog: CatalogID
    private let transfer: TransferID

    init() throws {
        name = try #require(StoreName("default"))
        catalog = try #require(CatalogID("catalog-1"))
        transfer = try #require(TransferID("5f0c1e5a-0000-4000-8000-0123456789ab"))
    }

    private func write(
        _ size: Int, to store: FileStore, as transfer: TransferID? = nil, expectedSize: Int64? = nil
    ) async throws -> StoredObject {
        try await store.withStaging(transfer ?? self.transfer, expectedSize: expectedSize) { staged in
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
        // What was written has given its room back already, before anybody discards the transfer.
        let other = try #require(TransferID("5f0c1e5a-0000-4000-8000-0123456789ac"))
        #expect(try await write(900_000, to: store, as: other).size == 900_000)
        try await store.discard(transfer)
    }

    @Test(
        "A commit that finds no room leaves no object and no bytes, and says the same when it is called again",
        .enabled(if: SmallFileSystem.isPossible, "This account cannot mount a file system."))
    func noRoomToCommit() async throws {
        // As many files as the store has before its first object; the object's directory is one too many.
        let small = try SmallFileSystem(bytes: 1 << 20, files: 6)
        let store = try FileStore(name: name, url: "file://\(small.path)/images")
        try await store.adopt(for: catalog)
        let free = try await store.freeBytes()
        try await store.withStaging(transfer, expectedSize: nil) { staged in
            let chunks = ImageBytes(300_000).chunks()
            for chunk in chunks { try await staged.append(chunk) }
            for _ in 0..<2 {
                await #expect(throws: StoreError(.capacityExceeded, "", isTransient: true)) {
                    try await staged.commit()
                }
            }
            await #expect(throws: StoreError(.capacityExceeded, "", isTransient: true)) {
                try await staged.synchronize()
            }
        }
        #expect(try await store.committedObject(of: transfer) == nil)
        #expect(try await store.freeBytes() == free)
    }

    @Test("A device that is always full lacks room, and so does a quota that is used up")
    func fullDevice() throws {
        let device = OpenFile(adopting: Glibc.open("/dev/full", O_RDWR | O_CLOEXEC), path: "/dev/full")
        #expect(throws: StoreError(.capacityExceeded, "", isTransient: true)) {
            try storeErrors(in: name) { try device.write([1]) }
        }
        for number in [ENOSPC, EDQUOT] {
            let error = #expect(throws: StoreError.self) {
                try storeErrors(in: name) {
                    try systemCall("synchronize", "/p") {
                        errno = number
                        return -1
                    }
                }
            }
            #expect(error?.code == .capacityExceeded)
            #expect(error?.isTransient == true)
        }
    }

    @Test("The reserve stays free", arguments: [nil, 1] as [Int64?])
    func reserve(expectedSize: Int64?) async throws {
        let place = try TemporaryFilePlace()
        let store = try FileStore(name: name, url: place.url, reserveBytes: 1 << 62)
        try await store.adopt(for: catalog)
        #expect(store.reserveBytes == 1 << 62)
        #expect(try await store.freeBytes() ?? 0 > 0)
        let error = await #expect(throws: StoreError.self) {
            try await write(10, to: store, expectedSize: expectedSize)
        }
        #expect(error?.code == .capacityExceeded)
        #expect(error?.message.contains("kept free (reserve_bytes)") == true)
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

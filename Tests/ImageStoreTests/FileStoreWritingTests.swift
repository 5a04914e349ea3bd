import Foundation
import Glibc
import ImageModel
import TestSupport
import Testing

@testable import ImageStore

@Suite("How a file store writes", .timeLimit(.minutes(10)))
struct FileStoreWritingTests {
    private let place: TemporaryFilePlace
    private let store: FileStore
    private let transfer: TransferID

    init() throws {
        place = try TemporaryFilePlace()
        store = try FileStore(name: try #require(StoreName("default")), url: place.url)
        transfer = try #require(TransferID("5f0c1e5a-0000-4000-8000-0123456789ab"))
    }

    /// A file system in memory accepts the flag for direct output and has nothing but the page cache.
    private static let hasDisk: Bool = {
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["stat", "-f", "-c", "%T", FileManager.default.temporaryDirectory.path]
        process.standardOutput = output
        guard (try? process.run()) != nil else { return false }
        let name = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return name.hasPrefix("ext") || name.hasPrefix("xfs") || name.hasPrefix("btrfs")
    }()

    private func residentPages(of path: String) throws -> Int {
        let descriptor = open(path, O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var status = stat()
        try #require(fstat(descriptor, &status) == 0)
        let memory = try #require(mmap(nil, status.st_size, PROT_READ, MAP_SHARED, descriptor, 0))
        defer { munmap(memory, status.st_size) }
        var pages = [UInt8](repeating: 0, count: (status.st_size + 4_095) / 4_096)
        try #require(mincore(memory, status.st_size, &pages) == 0)
        return pages.count { $0 & 1 != 0 }
    }

    @Test(
        "An image of 8 MiB leaves no more than its last page in the page cache",
        .enabled(if: hasDisk, "The temporary directory is not on a file system that is known to take direct output."),
        arguments: [8 << 20, 8 << 20 + 100])
    func pageCache(_ size: Int) async throws {
        try await store.adopt(for: try #require(CatalogID("catalog-1")))
        let object = try await store.withStaging(transfer, expectedSize: Int64(size)) { staged in
            for chunk in ImageBytes(size).chunks(of: 1 << 20) { try await staged.append(chunk) }
            return try await staged.commit()
        }
        #expect(try residentPages(of: "\(place.path)/\(object.objectKey)") <= 1)
    }

    /// Goal: odd lengths cost speed and never bytes. Method: a short chunk early, so that all of the rest, more than
    /// is left in the page cache at once, has to go another way than past it.
    @Test("A short chunk in the middle is no harm")
    func shortChunk() async throws {
        try await store.adopt(for: try #require(CatalogID("catalog-1")))
        let images = [ImageBytes(8_192), ImageBytes(4_196, seed: 2), ImageBytes(40 << 20, seed: 3)]
        let object = try await store.withStaging(transfer, expectedSize: nil) { staged in
            for chunk in images.flatMap({ $0.chunks(of: 1 << 20) }) { try await staged.append(chunk) }
            return try await staged.commit()
        }
        #expect(try place.bytes(of: object) == images.flatMap(\.bytes))
        #expect(try residentPages(of: "\(place.path)/\(object.objectKey)") >= 0)
    }

    /// Goal: a store must not take all of a source's chunks. Method: a hundred appends from a pool of
    /// four: one being filled, two queued, and one that was written and is on its way back.
    @Test("Appending waits when the disk is behind, so a small pool is enough")
    func backPressure() async throws {
        try await store.adopt(for: try #require(CatalogID("catalog-1")))
        let pool = ChunkPool(chunkSize: 1 << 16, chunkLimit: 4)
        let object = try await store.withStaging(transfer, expectedSize: nil) { staged in
            for _ in 0..<100 {
                guard var builder = pool.makeBuilder() else {
                    Issue.record("all chunks of the pool are queued")
                    break
                }
                _ = [UInt8](repeating: 7, count: 1 << 16).withUnsafeBytes { builder.append($0) }
                try await staged.append(builder.finish())
            }
            return try await staged.commit()
        }
        #expect(object.size == 100 << 16)
    }
}

import Foundation
import Glibc
import ImageModel
import ImageStore
import TestSupport
import Testing

/// Every case runs a writer in a process of its own, and looks at what is left behind when that was killed.
@Suite("File store after its process was killed", .timeLimit(.minutes(10)))
struct FileStoreCrashTests {
    private static let imageSize = 300_000

    private static func store(_ path: String) throws -> FileStore {
        try FileStore(name: try #require(StoreName("default")), url: "file://\(path)")
    }

    private static func transfer(_ number: Int) throws -> TransferID {
        try #require(TransferID("5f0c1e5a-0000-4000-8000-\(100_000_000_000 + number)"))
    }

    private static func image(_ number: Int) -> ImageBytes {
        ImageBytes(imageSize + number * 1_000, seed: UInt64(number))
    }

    private static func commit(_ number: Int, to store: FileStore) async throws -> StoredObject {
        try await store.withStaging(try transfer(number), expectedSize: nil) { staged in
            for chunk in image(number).chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
    }

    @Test("Killed while it writes, it leaves a staging file whose lock is free")
    func killedWhileWriting() async throws {
        let place = try TemporaryFilePlace()
        let path = place.path
        let store = try Self.store(path)
        try await store.adopt(for: try #require(CatalogID("catalog-1")))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try await Self.store(path).withStaging(Self.transfer(1), expectedSize: nil) { staged in
                for chunk in Self.image(1).chunks() { try await staged.append(chunk) }
                _ = try await staged.synchronize()
                kill(getpid(), SIGKILL)
            }
        }
        let transfer = try Self.transfer(1)
        #expect(try place.names(in: "staging") == [transfer.rawValue])
        #expect(try await store.committedObject(of: transfer) == nil)
        let object = try await Self.commit(1, to: store)
        #expect(try place.bytes(of: object) == Self.image(1).bytes)
        #expect(try place.names(in: "staging").isEmpty)
    }

    /// Goal: no instant at which a kill leaves half an object, or a transfer that cannot be finished.
    /// Method: a process that commits one image after the other until a timer ends it, at instants from before its
    /// first byte to somewhere in its hundredth commit. Then every object must be whole, and every transfer finish.
    @Test("Killed at any instant, it leaves staging files and whole objects", arguments: [1, 3, 7, 15, 31, 63, 127])
    func killedAnytime(milliseconds: Int) async throws {
        let place = try TemporaryFilePlace()
        let path = place.path
        let store = try Self.store(path)
        try await store.adopt(for: try #require(CatalogID("catalog-1")))
        await #expect(processExitsWith: .signal(SIGALRM)) {
            [path = path as String, milliseconds = milliseconds as Int] in
            signal(SIGALRM, SIG_DFL)
            var timer = itimerval()
            timer.it_value.tv_usec = milliseconds * 1_000
            setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
            let store = try Self.store(path)
            for number in 0..<100_000 { _ = try await Self.commit(number, to: store) }
        }
        var number = 0
        while let object = try await store.committedObject(of: Self.transfer(number)) {
            #expect(try place.bytes(of: object) == Self.image(number).bytes)
            number += 1
        }
        let objects = try place.names(in: "objects").flatMap { try place.names(in: "objects/\($0)") }
        #expect(objects.count == number, "an object without those before it")
        #expect(try place.names(in: "staging").count <= 1)
        for next in 0...number {
            let object = try await Self.commit(next, to: store)
            #expect(try place.bytes(of: object) == Self.image(next).bytes)
        }
        #expect(try place.names(in: "staging").isEmpty)
    }

    /// Goal: a file that is read-only already and has no object's name yet is no dead end for a worker that is not
    /// root. Method: a process that gives up root and finds its own staging file in either state of a commit.
    @Test("Killed in the middle of a commit, it can be succeeded without root's rights")
    func killedInCommit() async throws {
        let place = try TemporaryFilePlace()
        let path = place.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            if getuid() == 0 { try #require(setuid(65_534) == 0) }
            let store = try Self.store(path)
            try await store.adopt(for: try #require(CatalogID("catalog-1")))
            let staging = "\(path)/staging/\(try Self.transfer(1))"
            try Data("half".utf8).write(to: URL(fileURLWithPath: staging))
            try #require(chmod(staging, 0o440) == 0)
            let object = try await Self.commit(1, to: store)
            try #require(link("\(path)/\(object.objectKey)", staging) == 0)
            #expect(try await Self.commit(1, to: store) == object)
            #expect(object.size == Self.image(1).bytes.count)
        }
        #expect(try place.names(in: "staging").isEmpty)
    }
}

import Foundation
import Testing

@testable import ImageStore

@Suite("Locks of files")
struct LockTests {
    /// Goal: a lock ends with its file, although a program that is being started holds copies of all descriptors for a
    /// moment. Method: a copy stands for that program's.
    @Test("A lock does not outlast its file in the copy of a descriptor")
    func copies() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let directory = try Directory(path: folder.path)
        func open() throws -> OpenFile { try directory.tryOpen("f", flags: O_RDWR | O_CREAT, mode: 0o600).get() }
        var first: OpenFile? = try open()
        #expect(try first?.tryLock(.exclusive) == true)
        let copy = dup(try #require(first?.descriptor))
        defer { close(copy) }
        #expect(try open().tryLock(.exclusive) == false)
        first = nil
        #expect(try open().tryLock(.exclusive))
    }
}

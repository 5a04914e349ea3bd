import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Jobs that wait for each other in a circle")
struct CircleTests {
    let harness = Harness()

    @Test("An import that follows an update of its own image fails at once, and the update with it")
    func importAfterUpdate() async throws {
        try await harness.accept(
            Harness.submission("u", Harness.update(.name("n"))),
            Harness.submission("i", Harness.importWork(), after: ["u"]))
        #expect(try await harness.end(of: "i") == .failed(.predecessorFailed))
        #expect(try await harness.job("i").failure?.message == "this job was to follow job u, which waits for this one")
        #expect(try await harness.end(of: "u") == .failed(.imageNotActive))
    }

    @Test(
        "So it is when the import comes first; then it fails unless it may run after a failure",
        arguments: [true, false])
    func updateAfterImport(runsAfterFailure: Bool) async throws {
        try await harness.accept(
            Harness.submission("i", Harness.importWork(), after: ["u"], runsAfterFailure: runsAfterFailure))
        try await harness.accept(Harness.submission("u", Harness.update(.name("n"))))
        #expect(try await harness.end(of: "u") == .failed(.imageNotActive))
        #expect(try await harness.end(of: "i") == (runsAfterFailure ? .queued : .failed(.predecessorFailed)))
    }

    @Test("Shares, copies and deletes of one replica close a circle too; a delete of the image ends the import")
    func otherKinds() async throws {
        for (number, work) in [Harness.share(.offer), Harness.copy(), Harness.delete(store: "default")].enumerated() {
            let harness = Harness()
            try await harness.accept(
                Harness.submission("j-\(number)", work),
                Harness.submission("i", Harness.importWork(), after: ["j-\(number)"]))
            #expect(try await harness.end(of: "i") == .failed(.predecessorFailed))
            #expect(try await harness.job("j-\(number)").state == (work.kind == .delete ? .queued : .failed))
        }
        try await harness.accept(
            Harness.submission("d", Harness.delete()), Harness.submission("i", Harness.importWork(), after: ["d"]))
        #expect(try await harness.end(of: "i") == .cancelled)
        #expect(try await harness.end(of: "d") == .queued)
    }

    @Test("Jobs that follow each other fail, in whatever order they come, and so does one that follows itself")
    func predecessors() async throws {
        try await harness.accept(
            Harness.submission("a", Harness.importWork("image-a"), after: ["b"]),
            Harness.submission("b", Harness.importWork("image-b"), after: ["c"]))
        #expect(try await harness.end(of: "b") == .deferred)
        try await harness.accept(
            Harness.submission("c", Harness.importWork("image-c"), after: ["a"]),
            Harness.submission("self", Harness.importWork("image-d"), after: ["self"]))
        for id in ["a", "b", "c", "self"] { #expect(try await harness.end(of: id) == .failed(.predecessorFailed)) }
    }

    @Test("A circle over two images is one")
    func twoImages() async throws {
        try await harness.accept(
            Harness.submission("i-1", Harness.importWork("image-1"), after: ["u-2"]),
            Harness.submission("i-2", Harness.importWork("image-2"), after: ["u-1"]),
            Harness.submission("u-1", Harness.update(.name("n"), of: "image-1")))
        #expect(try await harness.end(of: "u-1") == .deferred)
        try await harness.accept(Harness.submission("u-2", Harness.update(.name("n"), of: "image-2")))
        for id in ["i-1", "i-2", "u-1", "u-2"] { #expect(try await harness.job(id).state == .failed) }
    }

    @Test("What only looks like a circle waits as before")
    func noCircle() async throws {
        try await harness.accept(
            Harness.submission("i-1", Harness.importWork("image-1")),
            Harness.submission("u-1", Harness.update(.name("n"), of: "image-1"), after: ["i-1"]),
            Harness.submission("i-2", Harness.importWork("image-2"), after: ["u-1"]),
            Harness.submission("u-2", Harness.update(.name("n"), of: "image-1"), after: ["i-2"]))
        let claimed = try await harness.claimOne(.import)
        try await harness.complete(claimed)
        try await harness.catalog.update(harness.claimOne(.update).lease)
        try await harness.complete(harness.claimOne(.import))
        try await harness.catalog.update(harness.claimOne(.update).lease)
        #expect(try await harness.end(of: "u-2") == .succeeded)
    }

    @Test("A long chain is taken in quickly from either end", .timeLimit(.minutes(10)))
    func longChains() async throws {
        for isReversed in [true, false] {
            let harness = Harness()
            let chain = (0..<300).map { number in
                Harness.submission(
                    "j-\(number)", Harness.importWork("image-\(number)"), after: number == 0 ? [] : ["j-\(number - 1)"])
            }
            for item in isReversed ? chain.reversed() : chain { try await harness.accept(item) }
            #expect(try await harness.end(of: "j-299") == .deferred)
            #expect(try await harness.claim(.import).count == 1)
        }
    }
}

import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Whose turn it is")
struct TurnTests {
    let harness = Harness()

    private func accept(_ id: String, owner: String?, priority: Int? = nil) async throws {
        try await harness.accept(
            Harness.submission(id, Harness.importWork("image-\(id)", owner: owner), priority: priority))
    }

    @Test("Five hundred imports of one owner hold nobody else up")
    func noHoldUp() async throws {
        for number in 0..<500 { try await accept("a-\(number)", owner: "a", priority: 9) }
        let first = try await harness.claim(.import, 4)
        #expect(first.allSatisfy { $0.job.request.owner?.rawValue == "a" })
        for owner in ["b", "c"] { try await accept("\(owner)-1", owner: owner, priority: 0) }
        try await accept("platform", owner: nil)
        for claimed in first { try await harness.complete(claimed) }
        let next = try await harness.claim(.import, 4).map(\.job.id.rawValue)
        #expect(next == ["b-1", "c-1", "platform", "a-4"])
    }

    @Test("With one slot owners take turns, however many jobs each has")
    func oneSlot() async throws {
        for number in 0..<5 { try await accept("a-\(number)", owner: "a") }
        for number in 0..<2 { try await accept("b-\(number)", owner: "b") }
        var order: [String] = []
        while let claimed = try await harness.claim(.import, 1).first {
            order.append(claimed.job.id.rawValue)
            try await harness.complete(claimed)
        }
        #expect(order == ["a-0", "b-0", "a-1", "b-1", "a-2", "a-3", "a-4"])
    }

    @Test("The priority counts among one owner's jobs and gives no owner more turns")
    func priority() async throws {
        try await accept("a-low", owner: "a", priority: 0)
        try await accept("a-high", owner: "a", priority: 9)
        try await accept("b-low", owner: "b", priority: 0)
        #expect(try await harness.claim(.import, 1).map(\.job.id.rawValue) == ["a-high"])
        #expect(try await harness.claim(.import, 9).map(\.job.id.rawValue) == ["b-low", "a-low"])
    }

    @Test("Jobs without an owner are those of one owner")
    func platform() async throws {
        for id in ["p-1", "p-2", "p-3"] { try await accept(id, owner: nil) }
        try await accept("a-1", owner: "a")
        #expect(try await harness.claim(.import, 2).map(\.job.id.rawValue) == ["p-1", "a-1"])
    }

    @Test("A short share waits for no import, neither for those that run nor for those that wait")
    func shareBesideImports() async throws {
        try await harness.activeImage()
        for number in 0..<100 { try await accept("a-\(number)", owner: "acct-1") }
        _ = try await harness.claim(.import, 4)
        try await harness.accept(Harness.submission("s", Harness.share(.offer), account: "acct-1"))
        let claimed = try await harness.catalog.claim(
            for: CatalogSamples.id("w-2"), slots: [.import: 0, .share: 1], lease: .seconds(30)
        ).jobs
        #expect(claimed.map(\.job.id.rawValue) == ["s"])
    }

    @Test("Jobs whose deadline has passed are ended on the way and cost nobody a slot")
    func deadlines() async throws {
        for number in 0..<30 {
            try await harness.accept(
                Harness.submission(
                    "a-\(number)", Harness.importWork("image-\(number)", owner: "a"), priority: 9,
                    deadline: harness.clock.now + .seconds(1)))
        }
        try await accept("a-late", owner: "a")
        harness.clock.advance(by: .seconds(2))
        #expect(try await harness.claim(.import, 1).map(\.job.id.rawValue) == ["a-late"])
        #expect(try await harness.end(of: "a-29") == .failed(.deadlineExceeded))
    }
}

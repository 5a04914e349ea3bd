import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("The table of jobs on one image")
struct JobTableTests {
    private static let kinds: [JobKind] = [.import, .copy, .share, .update, .delete]
    private let harness = Harness()

    /// What becomes at once of a job that arrives while another one runs.
    enum Fate: Equatable {
        case fails(FailureCode)
        /// Until the running one has ended.
        case waits
        case runs
        /// Until the running one has ended as it is asked to.
        case cancelsAndWaits
    }

    private static func fate(of arriving: JobKind, while unfinished: JobKind) -> Fate {
        switch (arriving, unfinished) {
        case (.import, .delete): .fails(.imageGone)
        case (.import, _): .fails(.imageExists)
        case (.copy, .delete), (.share, .delete), (.update, .delete): .fails(.imageNotActive)
        case (.copy, .import), (.share, .import), (.update, .import): .waits
        case (.copy, _): .runs
        case (.share, .copy), (.update, .copy): .runs
        case (.share, _), (.update, _): .waits
        case (.delete, .import), (.delete, .copy): .cancelsAndWaits
        case (.delete, _): .waits
        case (.cancel, _): .runs
        }
    }

    private func work(_ kind: JobKind, _ store: String) -> JobWork {
        switch kind {
        case .import: Harness.importWork()
        case .copy: Harness.copy(to: store)
        case .share: Harness.share(.offer)
        case .update: Harness.update(.name("n"))
        case .delete: Harness.delete()
        case .cancel: Harness.cancel("old")
        }
    }

    /// Brings a job of this kind to where it runs.
    private func begin(_ kind: JobKind) async throws -> ClaimedJob {
        if kind != .import { try await harness.activeImage() }
        try await harness.accept(Harness.submission("old", work(kind, "eu-2")))
        let claimed = try await harness.claimOne(kind)
        if kind == .copy { _ = try await harness.catalog.beginCopy(claimed.lease) }
        if kind == .delete { _ = try await harness.catalog.beginDelete(claimed.lease) }
        return claimed
    }

    @Test("Each cell: what arrives, and what is unfinished", arguments: kinds, kinds)
    func cell(arriving: JobKind, unfinished: JobKind) async throws {
        let claimed = try await begin(unfinished)
        try await harness.accept(Harness.submission("new", work(arriving, "eu-3")))
        let (end, isAsked) = (try await harness.end(of: "new"), try await harness.job("old").isCancelRequested)
        let isDue = try await harness.claim(arriving).map(\.job.id.rawValue) == ["new"]
        switch Self.fate(of: arriving, while: unfinished) {
        case .fails(let code): #expect(end == .failed(code) && !isDue && !isAsked)
        case .waits: #expect(end == .deferred && !isDue && !isAsked)
        case .runs: #expect(end == .queued && isDue && !isAsked)
        case .cancelsAndWaits:
            #expect(end == .deferred && !isDue && isAsked)
            try await harness.catalog.cancel(claimed.lease)
            #expect(try await harness.end(of: "old") == .cancelled)
            #expect(try await harness.claimOne(.delete).job.id.rawValue == "new")
        }
    }
}

import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Any order of messages, workers and crashes")
struct RandomWalkTests {
    @Test("keeps sequences whole, ends every job exactly once, and leaves nothing stuck", arguments: 1...12)
    func walk(seed: UInt64) async throws {
        var walk = Walk(seed: seed)
        for _ in 0..<250 { try await walk.step() }
        try await walk.drain()
        try await walk.check()
    }
}

/// A seeded run of producers and workers over a few images.
private struct Walk {
    let harness = Harness()
    let random: SeededRandomSource
    var submitted = 0
    var held: [ClaimedJob] = []

    init(seed: UInt64) {
        random = SeededRandomSource(seed: seed)
    }

    private func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    mutating func step() async throws {
        switch pick(10) {
        case 0...3: try await submit()
        case 4, 5: try await claim()
        case 6, 7: if !held.isEmpty { try await work(held.remove(at: pick(held.count))) }
        case 8: if !held.isEmpty { held.remove(at: pick(held.count)) }  // A worker dies.
        default: harness.clock.advance(by: .seconds(pick(40)))
        }
    }

    /// Lets good workers finish what there is, and time pass for what never comes.
    mutating func drain() async throws {
        for round in 0..<3_000 {
            harness.clock.advance(by: .seconds(31))
            try await claim()
            let isIdle = held.isEmpty
            while let claimed = held.popLast() { try await succeed(claimed) }
            let waiting = try await harness.catalog.read { try $0.waitingCounts() }
            if isIdle, waiting.isEmpty { return }
            if isIdle, round % 50 == 49 {
                // Jobs whose predecessors were never sent wait for ever, as they should; end them.
                for job in try await harness.catalog.read({ try $0.jobs(JobFilter(states: [.deferred], limit: 999)) }) {
                    submitted += 1
                    try await harness.accept(
                        Harness.submission("cancel-\(submitted)", Harness.cancel(job.id.rawValue)))
                }
            }
        }
        Issue.record(
            "jobs are stuck: \(try await harness.catalog.read { try $0.jobs(JobFilter(states: [.queued, .deferred, .retrying, .running])) })"
        )
    }

    private mutating func submit() async throws {
        submitted += 1
        let image = "image-\(pick(4))"
        let work: JobWork =
            switch pick(10) {
            case 0...2: Harness.importWork(image, isProtected: pick(4) == 0)
            case 3: Harness.update(pick(2) == 0 ? .isProtected(false) : .name("n-\(submitted)"), of: image)
            case 4: Harness.share([.offer, .accept, .reject, .revoke][pick(4)], of: image)
            case 5: copy(of: image)
            case 6: Harness.delete(image)
            case 7: copy(of: image)
            case 8: Harness.delete(image, store: ["default", "b"][pick(2)])
            default: Harness.cancel("job-\(pick(submitted + 3))")
            }
        let after = pick(4) == 0 ? ["job-\(max(1, submitted + pick(5) - 3))"].filter { $0 != "job-\(submitted)" } : []
        let account = pick(5) == 0 ? "acct-9" : nil
        let message = Harness.submission(
            "job-\(submitted)", work, account: account, after: work.kind == .cancel ? [] : after,
            runsAfterFailure: pick(2) == 0, priority: pick(10),
            deadline: pick(6) == 0 ? harness.clock.now + .seconds(pick(90)) : nil, maxAttempts: 1 + pick(3))
        for _ in 0...pick(2) { try await harness.accept(message) }
    }

    private func copy(of image: String) -> JobWork {
        let store = ["default", "b", "c"][pick(3)]
        guard pick(2) == 0 else { return Harness.copy(image, to: store) }
        let made = CopyRequest.NewImage(
            id: CatalogSamples.id("image-\(pick(6))"), name: "copy", owner: CatalogSamples.id("acct-1"))
        return .copy(CopyRequest(imageID: CatalogSamples.id(image), store: CatalogSamples.id(store), newImage: made))
    }

    private mutating func claim() async throws {
        let slots = Dictionary(uniqueKeysWithValues: JobKind.allCases.map { ($0, 3) })
        held += try await harness.catalog.claim(
            for: CatalogSamples.id("w-\(pick(3))"), slots: slots, lease: .seconds(30)
        ).jobs
    }

    private func work(_ claimed: ClaimedJob) async throws {
        do {
            switch pick(6) {
            case 0: try await harness.catalog.giveBack(claimed.lease)
            case 1:
                try await harness.catalog.retry(
                    claimed.lease, after: .seconds(pick(20)), because: CatalogSamples.failure)
            case 2: try await harness.catalog.fail(claimed.lease, because: CatalogSamples.failure)
            default: try await succeed(claimed)
            }
        } catch let error where (error as? CatalogError)?.code == .fenced {
            // Its lease ended; somebody else has the job.
        }
    }

    private func succeed(_ claimed: ClaimedJob) async throws {
        let catalog = harness.catalog
        do {
            if try await catalog.renew([claimed.lease], by: .seconds(30))[claimed.lease] == .cancelRequested,
                claimed.job.kind != .delete
            {
                try await catalog.cancel(claimed.lease)
                return
            }
            switch claimed.job.kind {
            case .import: try await harness.complete(claimed, in: ["b", "default"])
            case .share: try await catalog.share(claimed.lease)
            case .update: try await catalog.update(claimed.lease)
            case .delete:
                guard try await catalog.beginDelete(claimed.lease) != nil, pick(3) > 0 else { return }
                try await catalog.completeDelete(claimed.lease)
            case .copy: try await harness.completeCopy(claimed)
            case .cancel: try await catalog.fail(claimed.lease, because: CatalogSamples.failure)
            }
        } catch let error where (error as? CatalogError)?.code == .fenced {
            return
        }
    }

    /// What must hold whatever happened.
    func check() async throws {
        let events = try await harness.outbox().filter { $0.destination == .events }.map(\.event)
        let jobs = try await harness.catalog.read { try $0.jobs(JobFilter(limit: 10_000)) }
        for (image, ofImage) in Dictionary(grouping: events.filter { $0.imageID != nil }, by: \.imageID) {
            let sequence = ofImage.compactMap(\.sequence)
            #expect(sequence == Array(1...Int64(ofImage.count)), "\(String(describing: image))")
            var status: ImageStatus?
            for event in ofImage {
                guard let next = event.data.image?.status else { continue }
                if let status, status != next {
                    #expect(reaches(next, from: status), "\(status) became \(next)")
                }
                status = next
            }
        }
        for job in jobs {
            let phases = events.filter { $0.jobID == job.id.rawValue }.compactMap { event -> EventPhase? in
                guard case .image(_, let phase) = event.topic else { return nil }
                return phase
            }
            #expect(job.state.isTerminal && phases.filter(\.isTerminal).count == 1, "\(job.id): \(phases)")
            #expect(phases.last?.isTerminal == true)
            #expect(job.kind == .cancel || phases.first == .accepted)
        }
        let images = try await harness.catalog.read { try $0.images(ImageFilter()) }
        #expect(images.allSatisfy { [.active, .failed, .cancelled, .deleted].contains($0.status) })
        #expect(images.allSatisfy { $0.status != .deleted || $0.replicas.isEmpty })
        #expect(images.allSatisfy { $0.operation == nil })
        #expect(images.allSatisfy { $0.replicas.allSatisfy { $0.state == .available } })
        #expect(images.allSatisfy { $0.status != .active || $0.content != nil && !$0.replicas.isEmpty })
        for image in images {
            let stores = image.replicas.map(\.store)
            #expect(Set(stores).count == stores.count && image.status == .active || stores.isEmpty, "\(image)")
        }
    }

    /// Not every status is announced, so a few steps may lie between two events.
    private func reaches(_ end: ImageStatus, from start: ImageStatus) -> Bool {
        var reached: Set<ImageStatus> = [start]
        for _ in ImageStatus.allCases {
            reached.formUnion(
                ImageStep.allCases.flatMap { step in reached.compactMap { ImageStatus.state(after: step, in: $0) } })
        }
        return reached.contains(end)
    }
}

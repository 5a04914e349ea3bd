import Catalog
import ImageModel
import ImageSource
import ImageStore
import ImageUnpacking
import Logging

/// Fetch, digest, inspect, store, record: the order of steps of an import, and the only place that knows it. A
/// ``CopyJob`` takes the same steps with a plan and a source of its own.
struct ImportJob {
    let claimed: ClaimedJob
    let environment: JobEnvironment
    let control: JobControl
    /// What to do, when that is not for the message to say.
    var plan: ImportPlan?
    /// What of the attempt's work begins here.
    var phase = ProgressPhase.fetching

    func run() async throws {
        do {
            try await attempt()
        } catch {
            throw await leave(after: error)
        }
    }

    private func attempt() async throws {
        let draft = try plan ?? ImportPlan(claimed, environment: environment)
        if try await finishEarlierCommit(draft) { return }
        let plan = try await draft.withListedDigests(environment)
        var isRefetch = false
        if plan.conversion == nil, let resumption = try await resumption(of: plan) {
            do {
                return try await resume(resumption, plan)
            } catch let reason as BeginAgain {
                note(reason)
                isRefetch = reason.isMismatch
            }
        }
        try await discardLeftovers(plan)
        do {
            try await begin(plan, isRefetch: isRefetch)
        } catch let first as BeginAgain {
            note(first)
            try await discardLeftovers(plan)
            try await environment.time.sleep(for: environment.backoff.delay(after: 1, random: environment.random))
            do {
                try await begin(plan, isRefetch: true)
            } catch let second as BeginAgain {
                throw second.end(after: first)
            }
        }
    }

    private func note(_ reason: BeginAgain) {
        environment.logger.notice(
            "An import begins again", metadata: ["job-id": "\(claimed.job.id)", "reason": "\(reason.reason)"])
    }

    /// Fetches the whole object into new transfers.
    ///
    /// - Parameter isRefetch: Whether this is the last time: then what does not match fails, and nothing is gone on with
    ///   that no validator vouches for.
    private func begin(_ plan: ImportPlan, isRefetch: Bool) async throws {
        let fetch = ContinuedFetch(
            request: plan.fetch, known: nil, mayBeUnproven: plan.expectsDigest && !isRefetch,
            environment: environment, job: claimed.job.id)
        if let target = plan.conversion {
            return try await convert(from: fetch, to: target, plan, isRefetch: isRefetch)
        }
        try await fetch.withSource { source in
            try verifyHeaders(source.facts, plan)
            let destinations = Destinations(plan, job: claimed.job.id, logger: environment.logger)
            let space = ReservedSpace(
                claimed.lease, of: source.facts.size ?? plan.expectations.size, for: destinations,
                environment: environment)
            let staging = Staging(
                places: try await space.beginTransfers(to: plan.stores, destinations), keptBytes: 0,
                expectedSize: source.facts.size, catalog: environment.catalog, destinations: destinations)
            try await staging.withStagedImages { staged in
                try await BytesSeen.withBytesSeen(
                    by: plan.algorithms, mayResume: true, expecting: plan.image
                ) { seen in
                    try await finish(source, staged, plan, seen, space, isRefetch: isRefetch)
                }
            }
        }
    }

    /// Fetches what is missing, or says why the attempt had better begin again.
    private func resume(_ resumption: Resumption, _ plan: ImportPlan) async throws {
        // A store that an earlier attempt went without may take the image now.
        let hasOthers = resumption.places.count < plan.stores.count
        do {
            try await goOn(resumption, plan)
        } catch let error as StoreError where error.isHeldElsewhere || hasOthers {
            throw BeginAgain(error.message)
        } catch let error as CatalogError where error.code == .noSpace && hasOthers {
            throw BeginAgain(error.message)
        }
    }

    /// Fetches what is missing, after the bytes that are there were digested and inspected.
    private func goOn(_ resumption: Resumption, _ plan: ImportPlan) async throws {
        let destinations = Destinations(
            plan, in: resumption.places.count, job: claimed.job.id, logger: environment.logger)
        let space = ReservedSpace(
            claimed.lease, of: resumption.source.size ?? plan.expectations.size, for: destinations,
            environment: environment)
        let staging = Staging(
            places: try await space.resume(resumption.places, keptBytes: resumption.offset, destinations),
            keptBytes: resumption.offset, expectedSize: resumption.source.size, catalog: environment.catalog,
            destinations: destinations)
        let fetch = ContinuedFetch(
            request: plan.fetch(from: resumption), known: resumption.source, mayBeUnproven: plan.expectsDigest,
            environment: environment, job: claimed.job.id)
        try await staging.withStagedImages { staged in
            let kept = try keptImages(resumption, staged, destinations)
            try await BytesSeen.withBytesSeen(
                by: plan.algorithms, from: resumption.midstates, mayResume: true, expecting: plan.image
            ) { seen in
                try await lookAgain(at: kept, of: resumption, plan, seen)
                try await fetch.withSource { source in
                    try await finish(source, staged, plan, seen, space, isRefetch: false)
                }
            }
        }
    }

    /// The stagings that have kept what the checkpoint says; goes on without those that have not.
    private func keptImages(
        _ resumption: Resumption, _ staged: [DestinedImage], _ destinations: Destinations
    ) throws -> [DestinedImage] {
        for image in staged where image.keptBytes != resumption.offset {
            let gone = StoreError(
                .storeUnavailable, "store \(image.store): the staged bytes are gone", isTransient: true)
            guard (try? destinations.lose(image.store, because: gone)) != nil else { throw BeginAgain(gone.message) }
        }
        return staged.filter { !$0.isLost }
    }

    /// Makes sure that what is staged is what was fetched, in every store: the digests of the whole begin with it.
    private func lookAgain(
        at staged: [DestinedImage], of resumption: Resumption, _ plan: ImportPlan, _ seen: BytesSeen
    ) async throws {
        guard seen.canCompare || plan.expectsDigest && staged.count == 1 else {
            throw BeginAgain("nothing tells whether the staged bytes are those that were fetched")
        }
        var meter = ProgressMeter(
            claimed: claimed, environment: environment, source: resumption.source, bytes: 0, in: phase.verifying)
        for (index, image) in staged.enumerated() {
            let isSame = try await image.destinations.attempt(in: image.store) {
                try await index == 0
                    ? seen.lookAgain(at: image, { try await meter.note($0) }) : seen.compare(image)
            }
            guard let isSame else {
                guard index > 0 else { throw BeginAgain("the staged bytes cannot be read") }
                continue
            }
            guard isSame else {
                environment.logger.warning(
                    "A store returns other bytes than were written",
                    metadata: [
                        "job-id": "\(claimed.job.id)", "store": "\(image.store)", "transfer": "\(image.transfer.id)",
                        "bytes": "\(resumption.offset)",
                    ])
                throw BeginAgain("the staged bytes are not those that were written")
            }
        }
    }

    /// From the first byte to come to the recorded image.
    private func finish(
        _ source: ContinuedSource, _ staged: [DestinedImage], _ plan: ImportPlan, _ seen: BytesSeen,
        _ space: ReservedSpace, isRefetch: Bool
    ) async throws {
        let checkpoints = CheckpointWriter(
            staged: staged, source: source.facts, lease: claimed.lease, catalog: environment.catalog,
            logger: environment.logger)
        let result: TransferResult
        do {
            result = try await ServedImage.withServedImage(of: source, plan) { image in
                // What was unpacked cannot be gone on with: no decompressor tells where it is.
                let mayResume = !image.isUnpacked && plan.canResume(source.facts)
                if image.isUnpacked { space.expectGrowth(to: environment.limits.unpacking.bytes) }
                let pass = BytePass(
                    source: image, staged: staged, plan: plan, claimed: claimed, environment: environment,
                    control: control, seen: seen, space: space, checkpoints: mayResume ? checkpoints : nil,
                    phase: phase)
                return try await pass.run()
            }
        } catch {
            throw isRefetch ? error : doubt(error, source)
        }
        try await commit(result, staged)
    }

    /// From the verdict on the bytes that the stores have to the recorded image.
    func commit(_ result: TransferResult, _ staged: [DestinedImage]) async throws {
        for image in staged { _ = try await image.synchronize() }
        for image in staged where !image.isLost {
            try await environment.catalog.beginCommit(claimed.lease, of: image.transfer.id, with: result)
        }
        var replicas: [Replica] = []
        for image in staged where !image.isLost {
            let object = try await image.destinations.attempt(in: image.store) { try await image.commit() }
            if let object { replicas.append(Replica(of: object, in: image.store)) }
        }
        try await complete(result, replicas)
    }

    func complete(_ result: TransferResult, _ replicas: [Replica]) async throws {
        if claimed.job.kind == .copy, let replica = replicas.first {
            try await environment.catalog.completeCopy(claimed.lease, replica: replica)
        } else {
            try await environment.catalog.completeImport(claimed.lease, result: result, replicas: replicas)
        }
    }
}

extension Replica {
    /// The replica that a committed object is.
    init(of object: StoredObject, in store: StoreName) {
        self.init(store: store, state: .available, objectKey: object.objectKey, url: object.url)
    }
}

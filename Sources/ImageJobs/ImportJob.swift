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
                return try await goOn(resumption, plan)
            } catch let reason as BeginAgain {
                note(reason)
                isRefetch = reason.isMismatch
            }
        }
        try await discardLeftovers()
        do {
            try await begin(plan, isRefetch: isRefetch)
        } catch let first as BeginAgain {
            note(first)
            try await discardLeftovers()
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
            let space = ReservedSpace(
                claimed.lease, of: source.facts.size ?? plan.expectations.size, environment: environment)
            var transfers: [Transfer] = []
            for store in plan.stores { transfers.append(try await space.beginTransfer(to: store)) }
            let staging = Staging(
                stores: plan.stores, transfers: transfers, keptBytes: 0, expectedSize: source.facts.size,
                catalog: environment.catalog)
            let begun = transfers
            try await staging.withStagedImages { staged in
                try await BytesSeen.withBytesSeen(
                    by: plan.algorithms, mayResume: true, expecting: plan.image
                ) { seen in
                    try await finish(source, staged, begun, plan, seen, space, isRefetch: isRefetch)
                }
            }
        }
    }

    /// Fetches what is missing, after the bytes that are there were digested and inspected.
    private func goOn(_ resumption: Resumption, _ plan: ImportPlan) async throws {
        let staging = Staging(
            stores: plan.stores, transfers: resumption.transfers, keptBytes: resumption.offset,
            expectedSize: resumption.source.size, catalog: environment.catalog)
        let space = ReservedSpace(
            claimed.lease, of: resumption.source.size ?? plan.expectations.size, environment: environment)
        for (store, transfer) in zip(plan.stores, resumption.transfers) {
            try await space.resume(transfer, in: store, keptBytes: resumption.offset)
        }
        let fetch = ContinuedFetch(
            request: plan.fetch(from: resumption), known: resumption.source, mayBeUnproven: plan.expectsDigest,
            environment: environment, job: claimed.job.id)
        do {
            try await staging.withStagedImages { staged in
                guard staged.allSatisfy({ $0.keptBytes == resumption.offset }) else {
                    throw BeginAgain("the staged bytes are gone")
                }
                try await BytesSeen.withBytesSeen(
                    by: plan.algorithms, from: resumption.midstates, mayResume: true, expecting: plan.image
                ) { seen in
                    try await lookAgain(at: staged, of: resumption, plan, seen)
                    try await fetch.withSource { source in
                        try await finish(source, staged, resumption.transfers, plan, seen, space, isRefetch: false)
                    }
                }
            }
        } catch let error as StoreError where error.isHeldElsewhere {
            throw BeginAgain(error.message)
        }
    }

    /// Makes sure that what is staged is what was fetched, in every store: the digests of the whole begin with it.
    private func lookAgain(
        at staged: [any StagedImage], of resumption: Resumption, _ plan: ImportPlan, _ seen: BytesSeen
    ) async throws {
        guard seen.canCompare || plan.expectsDigest && staged.count == 1 else {
            throw BeginAgain("nothing tells whether the staged bytes are those that were fetched")
        }
        var meter = ProgressMeter(
            claimed: claimed, environment: environment, source: resumption.source, bytes: 0, in: phase.verifying)
        for (index, image) in staged.enumerated() {
            guard
                try await index == 0
                    ? seen.lookAgain(at: image, { try await meter.note($0) }) : seen.compare(image)
            else {
                let transfer = resumption.transfers[index]
                environment.logger.warning(
                    "A store returns other bytes than were written",
                    metadata: [
                        "job-id": "\(claimed.job.id)", "store": "\(transfer.store)", "transfer": "\(transfer.id)",
                        "bytes": "\(resumption.offset)",
                    ])
                throw BeginAgain("the staged bytes are not those that were written")
            }
        }
    }

    /// From the first byte to come to the recorded image.
    private func finish(
        _ source: ContinuedSource, _ staged: [any StagedImage], _ transfers: [Transfer], _ plan: ImportPlan,
        _ seen: BytesSeen, _ space: ReservedSpace, isRefetch: Bool
    ) async throws {
        let checkpoints = CheckpointWriter(
            staged: staged, transfers: transfers.map(\.id), source: source.facts, lease: claimed.lease,
            catalog: environment.catalog, logger: environment.logger)
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
        try await commit(result, staged, transfers)
    }

    /// From the verdict on the bytes that the stores have to the recorded image.
    func commit(_ result: TransferResult, _ staged: [any StagedImage], _ transfers: [Transfer]) async throws {
        for image in staged { _ = try await image.synchronize() }
        for transfer in transfers {
            try await environment.catalog.beginCommit(claimed.lease, of: transfer.id, with: result)
        }
        var objects: [StoredObject] = []
        for image in staged { objects.append(try await image.commit()) }
        try await complete(result, transfers, objects)
    }

    func complete(_ result: TransferResult, _ transfers: [Transfer], _ objects: [StoredObject]) async throws {
        let replicas = zip(transfers, objects).map { transfer, object in
            Replica(store: transfer.store, state: .available, objectKey: object.objectKey, url: object.url)
        }
        if claimed.job.kind == .copy, let replica = replicas.first {
            try await environment.catalog.completeCopy(claimed.lease, replica: replica)
        } else {
            try await environment.catalog.completeImport(claimed.lease, result: result, replicas: replicas)
        }
    }
}

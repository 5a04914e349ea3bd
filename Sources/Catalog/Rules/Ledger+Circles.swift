import ImageModel

extension Ledger {
    /// Why a job that has just come can never run: it waits, in the end, for itself. Nil when it does not.
    ///
    /// Circles are looked for when a job comes, because only the last job of a circle closes it.
    func circle(of job: Job) throws -> Failure? {
        guard try isAwaited(job) else { return nil }
        for first in try awaited(by: job) {
            guard try leads(from: first.job, to: job.id) else { continue }
            let name = first.job == job.id ? "itself" : "job \(first.job), which waits for this one"
            if first.isPredecessor {
                return Failure(
                    .predecessorFailed, "this job was to follow \(name)", stage: .planning,
                    violations: [Violation(path: "/after", rule: "makes no circle", value: first.job.rawValue)])
            }
            return Failure(.imageNotActive, "the image of this job is to be made by \(name)", stage: .planning)
        }
        return nil
    }

    /// What a job cannot run without: the unfinished jobs it follows, and the one that makes its image.
    private func awaited(by job: Job) throws -> [(job: JobID, isPredecessor: Bool)] {
        var awaited = try job.request.after.filter { try rows.job($0)?.state.isTerminal == false }
            .map { (job: $0, isPredecessor: true) }
        guard job.kind != .import, let id = job.request.imageID, let image = try rows.image(id) else { return awaited }
        let ahead = try rows.unfinishedJobs(on: id)
        if job.deletesImage {
            // It ends the import instead of waiting for it, but not what may take the protection of the image away.
            guard image.details.isProtected else { return awaited }
            awaited += ahead.prefix { $0.id != job.id }.filter { $0.kind == .update }.map { ($0.id, false) }
        } else if image.status == .queued || image.status == .importing {
            awaited += ahead.filter { $0.kind == .import }.map { ($0.id, false) }
            if let maker = try makingCopy(of: image) { awaited.append((maker.id, false)) }
        }
        return awaited
    }

    /// Whether anything waits for a job; if nothing does, it closes no circle.
    private func isAwaited(_ job: Job) throws -> Bool {
        if try !rows.jobs(waitingFor: job.id).isEmpty || job.request.after.contains(job.id) { return true }
        guard let image = job.imageID else { return false }
        return try rows.unfinishedJobs(on: image).contains { $0.id != job.id && $0.state == .deferred }
    }

    private func leads(from start: JobID, to end: JobID) throws -> Bool {
        var seen: Set<JobID> = [start]
        var open = [start]
        while let next = open.popLast() {
            if next == end { return true }
            // Longer chains are left to their deadlines: no message may keep the catalog busy for long.
            guard seen.count < Self.longestCircle, let job = try rows.job(next), !job.state.isTerminal else { continue }
            for further in try awaited(by: job) where seen.insert(further.job).inserted { open.append(further.job) }
        }
        return false
    }

    private static let longestCircle = 1_000
}

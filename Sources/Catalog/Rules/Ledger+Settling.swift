import ImageModel

extension Ledger {
    /// Draws the consequences of every end in this transaction, and of the ends that follow from them.
    func settle() throws {
        var entries = agenda.takeAll()
        while !entries.isEmpty {
            for entry in entries {
                switch entry {
                case .job(let id): try reconsiderJobs(waitingFor: id)
                case .image(let id): try reconsiderJobs(on: id)
                }
            }
            entries = agenda.takeAll()
        }
    }

    private func reconsiderJobs(waitingFor job: JobID) throws {
        for listed in try rows.jobs(waitingFor: job) {
            // An earlier one of the list may have ended this one.
            guard var waiting = try rows.job(listed.id), waiting.state == .deferred else { continue }
            try reconsider(&waiting)
        }
    }

    /// Looks again at the deferred jobs of an image, but not at those that stand behind others all the same.
    private func reconsiderJobs(on image: ImageID) throws {
        var kindsAhead: Set<JobKind> = []
        for outline in try rows.unfinishedJobs(on: image) {
            let isBehind = kindsAhead.contains { ImageOrder.mustWait(outline.kind, behind: $0) }
            if outline.state == .deferred, !isBehind {
                guard var waiting = try rows.job(outline.id), waiting.state == .deferred else { continue }
                try reconsider(&waiting)
                if waiting.state.isTerminal { continue }
            }
            if try isInLine(outline) { kindsAhead.insert(outline.kind) }
        }
    }

    /// The unfinished jobs on an image that were accepted before `job` and have their place in the line.
    func jobsAhead(of job: Job, on image: ImageID) throws -> [JobOutline] {
        try rows.unfinishedJobs(on: image).prefix { $0.id != job.id }.filter(isInLine)
    }

    /// A job that waits for its predecessors holds nobody up: they may stand behind it. Nor does a repair that waits.
    private func isInLine(_ outline: JobOutline) throws -> Bool {
        if try isWaitingRepair(outline) { return false }
        guard outline.hasPredecessors, outline.state == .deferred, let job = try rows.job(outline.id) else {
            return true
        }
        return try admissionAfterPredecessors(job) == .ready
    }

    /// Whether an unfinished job deletes the whole image.
    func deletesImage(_ outline: JobOutline) throws -> Bool {
        guard outline.kind == .delete else { return false }
        return try rows.job(outline.id)?.deletesImage ?? false
    }
}

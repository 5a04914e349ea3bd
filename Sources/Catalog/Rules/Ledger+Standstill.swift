import ImageModel

extension CatalogReader {
    /// What the intake gate judges by.
    ///
    /// - Parameter grace: How soon something must be due to count as motion.
    func intakeLoad(grace: Duration) throws -> IntakeLoad {
        IntakeLoad(
            waiting: try waitingCounts(), followers: try followerCounts(),
            isAtStandstill: try isAtStandstill(grace: grace))
    }

    func isAtStandstill(grace: Duration) throws -> Bool {
        guard try !hasMovingJobs() else { return false }
        guard let due = try nextDue() else { return true }
        return due > now + grace
    }
}

extension Ledger {
    /// Ends jobs that follow jobs nobody has heard of, and with them what follows those. Does nothing while anything
    /// else can move.
    func refuseStranded(limit: Int) throws -> Int {
        guard try rows.isAtStandstill(grace: unknownGrace) else { return 0 }
        var count = 0
        for listed in try rows.strandedJobs(limit: limit) {
            // An earlier one of the list may have ended this one.
            guard var job = try rows.job(listed.id), job.state == .deferred else { continue }
            let missing = try job.request.after.first { try rows.job($0) == nil }
            try endFailed(
                &job,
                because: Failure(
                    .predecessorFailed,
                    "job \(missing?.rawValue ?? "-"), which this one was to follow, has not come, and so many jobs wait "
                        + "for others that no more can be taken in",
                    stage: .planning))
            try settle()
            count += 1
        }
        return count
    }
}

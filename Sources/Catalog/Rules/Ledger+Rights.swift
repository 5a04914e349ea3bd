import ImageModel

extension Ledger {
    /// Why the actor of a job may not do it, or nil when it may. Without an account the publisher speaks for the platform.
    func rightsRefusal(of job: Job, image: Image?) throws -> Failure? {
        guard let account = job.request.actor?.account, let image else { return nil }
        let isOwner = account == image.details.owner
        switch job.request.work {
        case .import, .cancel:
            return nil
        case .share(let request) where request.action == .accept || request.action == .reject:
            guard account != request.member else { return nil }
            return Failure(.notMember, "\(account) cannot answer an offer made to \(request.member)", stage: .planning)
        case .copy(let request) where request.newImage != nil && !isOwner:
            guard try rows.member(account, of: image.id)?.status == .accepted else {
                return Failure(.notMember, "\(account) is no accepted member of image \(image.id)", stage: .planning)
            }
            guard let owner = request.newImage?.owner, owner != account else { return nil }
            return Failure(
                .notOwner, "\(account) may copy image \(image.id) for itself, not for \(owner)", stage: .planning)
        case .share, .copy, .update, .delete:
            guard !isOwner else { return nil }
            return Failure(.notOwner, "image \(image.id) does not belong to \(account)", stage: .planning)
        }
    }
}

import ImageModel

extension Ledger {
    /// Offers, answers or takes back, all in one transaction.
    func share(_ lease: JobLease) throws {
        var job = try job(of: lease)
        guard case .share(let request) = job.request.work else {
            throw CatalogError(.forbidden, "job \(job.id) is a \(job.kind.rawValue), not a share")
        }
        if job.isCancelRequested {
            try endCancelled(&job)
            return
        }
        var image = try image(of: job)
        let member = try rows.member(request.member, of: image.id)
        if let refusal = try rightsRefusal(of: job, image: image)
            ?? (image.status == .active ? nil : ImageOrder.notActive(image))
            ?? Sharing.refusal(of: request, image: image, member: member)
        {
            let outcome = ShareOutcome(action: request.action, member: request.member, status: nil)
            try end(&job, .failed, image: image, share: outcome, failure: refusal)
            return
        }
        let status = Sharing.status(after: request.action)
        try rows.put(
            Member(
                account: request.member, status: status, createdAt: member?.createdAt ?? rows.now, updatedAt: rows.now),
            of: image.id)
        try touch(&image)
        let outcome = ShareOutcome(action: request.action, member: request.member, status: status)
        try end(&job, .succeeded, image: image, share: outcome)
    }
}

/// The life of a membership (CONTRACT section 4).
enum Sharing {
    /// The member's status once `action` was done.
    static func status(after action: ShareAction) -> MemberStatus {
        switch action {
        case .offer: .pending
        case .accept: .accepted
        case .reject: .rejected
        case .revoke: .stopped
        }
    }

    /// Why `request` cannot be done, or nil when it can.
    static func refusal(of request: ShareRequest, image: Image, member: Member?) -> Failure? {
        let account = request.member
        switch (request.action, member?.status) {
        case (.offer, _) where account == image.details.owner:
            return Failure(.notShareable, "image \(image.id) belongs to \(account) already", stage: .planning)
        case (.offer, _) where image.details.visibility == .public:
            return Failure(.notShareable, "image \(image.id) is public, so everybody has it already", stage: .planning)
        case (.offer, .pending), (.offer, .accepted):
            return Failure(.memberExists, "\(account) is a member of image \(image.id) already", stage: .planning)
        case (.offer, nil), (.offer, .rejected), (.offer, .stopped):
            return nil
        case (.accept, nil), (.reject, nil), (.revoke, nil), (.accept, .stopped), (.reject, .stopped):
            return Failure(
                .memberNotFound, "image \(image.id) is not offered to \(account)", stage: .planning)
        default:
            return nil
        }
    }
}

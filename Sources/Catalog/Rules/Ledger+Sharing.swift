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
            ?? policy.refusal(of: job.request.work, on: image, members: rows.members(of: image.id))
        {
            let outcome = ShareOutcome(action: request.action, member: request.member, status: nil)
            try end(&job, .failed, image: image, share: outcome, failure: refusal)
            return
        }
        var changed = try self.member(member, after: request, of: image)
        if request.action == .offer, policy.acceptsOffersAtOnce(of: image) {
            try advance(&changed.status, .accept, of: "member \(changed.account) of image \(image.id)")
        }
        try rows.put(changed, of: image.id)
        try touch(&image)
        let outcome = ShareOutcome(action: request.action, member: request.member, status: changed.status)
        try end(&job, .succeeded, image: image, share: outcome)
    }

    private func member(_ known: Member?, after request: ShareRequest, of image: Image) throws -> Member {
        guard var member = known else {
            return Member(account: request.member, status: .initial, createdAt: rows.now, updatedAt: rows.now)
        }
        try advance(&member.status, request.action, of: "member \(member.account) of image \(image.id)")
        member.updatedAt = rows.now
        return member
    }
}

/// What the state of an image and of a membership forbids.
enum Sharing {
    /// Why `request` cannot be done, or nil when it can.
    static func refusal(of request: ShareRequest, image: Image, member: Member?) -> Failure? {
        let account = request.member
        if request.action == .offer, account == image.details.owner {
            return Failure(.notShareable, "image \(image.id) belongs to \(account) already", stage: .planning)
        }
        if request.action == .offer, image.details.visibility == .public {
            return Failure(.notShareable, "image \(image.id) is public, so everybody has it already", stage: .planning)
        }
        let isPossible = member.map { MemberStatus.state(after: request.action, in: $0.status) != nil }
        guard !(isPossible ?? (request.action == .offer)) else { return nil }
        return request.action == .offer
            ? Failure(.memberExists, "\(account) is a member of image \(image.id) already", stage: .planning)
            : Failure(.memberNotFound, "image \(image.id) is not offered to \(account)", stage: .planning)
    }
}

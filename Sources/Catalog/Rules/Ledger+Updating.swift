import ImageModel

extension Ledger {
    /// Changes what is said of an image, all in one transaction.
    func update(_ lease: JobLease) throws {
        var job = try job(of: lease)
        guard case .update(let request) = job.request.work else {
            throw CatalogError(.forbidden, "job \(job.id) is a \(job.kind.rawValue), not an update")
        }
        if job.isCancelRequested {
            try endCancelled(&job)
            return
        }
        var image = try image(of: job)
        var details = image.details
        for change in request.changes { details.apply(change) }
        if let refusal = try rightsRefusal(of: job, image: image) ?? refusal(of: job, image: image)
            ?? refusal(of: request, image: image) ?? refusal(of: details)
            ?? policy.refusal(of: request, of: image, leaving: details)
            ?? policy.refusal(of: job.request.work, on: image, members: rows.members(of: image.id))
        {
            try end(&job, .failed, image: image, failure: refusal)
            return
        }
        image.details = details
        image.provenance?.editor = job.request.actor?.name
        if request.changes.contains(.restore), image.status == .pendingDelete {
            try apply(.restored, to: &image)
        } else {
            try touch(&image)
        }
        try end(&job, .succeeded, image: image)
    }

    private func refusal(of job: Job, image: Image) -> Failure? {
        let mayChange = image.status == .active || image.status == .pendingDelete && ImageOrder.restores(job)
        return mayChange ? nil : ImageOrder.notActive(image)
    }

    /// Each message is bounded, but properties of many messages add up.
    private func refusal(of details: ImageDetails) -> Failure? {
        let limit = 128
        guard details.properties.count > limit else { return nil }
        return Failure(
            .ruleViolated, "the image would have \(details.properties.count) properties; \(limit) are allowed",
            stage: .planning,
            violations: [
                Violation(
                    path: "/set/properties", rule: "at most \(limit) properties", value: "\(details.properties.count)")
            ])
    }

    private func refusal(of request: UpdateRequest, image: Image) -> Failure? {
        guard let revision = request.ifRevision, revision != image.revision else { return nil }
        return Failure(
            .ruleViolated, "image \(image.id) is at revision \(image.revision), not \(revision)", stage: .planning,
            violations: [
                Violation(path: "/if_revision", rule: "equals the image's revision", value: "\(revision)")
            ])
    }
}

extension ImageDetails {
    /// Applies one change; a nil value means back to the contract's default.
    mutating func apply(_ change: ImageChange) {
        switch change {
        case .name(let value): name = value
        case .description(let value): description = value ?? ""
        case .visibility(let value): visibility = value ?? .private
        case .isProtected(let value): isProtected = value ?? false
        case .tags(let value): tags = value ?? []
        case .minimumDiskGiB(let value): minimumDiskGiB = value ?? 0
        case .minimumRAMMiB(let value): minimumRAMMiB = value ?? 0
        case .os(let value): os = value ?? OperatingSystem()
        case .state(let value): properties["state"] = value.map(PropertyValue.string)
        case .properties(let changes):
            for (key, value) in changes { properties[key] = value }
        case .restore: break
        }
    }
}

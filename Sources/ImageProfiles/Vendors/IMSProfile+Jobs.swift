public import ImageModel

extension IMSProfile {
    /// What the vendor asks before a copy, a share or a delete.
    public func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? {
        switch work {
        case .copy where Self.isWholeServer(image.details):
            Failure(
                .policyDenied, "image \(image.id) is of a whole server (__whole_image), which is never copied",
                stage: .planning)
        case .copy where Self.isISO(image):
            Failure(.policyDenied, "image \(image.id) is an ISO image, which is never copied", stage: .planning)
        case .share(let request) where request.action == .offer && Self.isWholeServer(image.details):
            Self.refusal(of: request, on: image, members: members)
        case .delete where image.status == .queued || image.status == .importing:
            Failure(
                .imageBusy, "image \(image.id) is being created (\(image.status.rawValue)); cancel its import first",
                stage: .planning)
        case .delete where image.details.visibility == .public:
            Failure(.policyDenied, "image \(image.id) is public; public images are not deleted", stage: .planning)
        default: nil
        }
    }

    /// An image of a whole server is shared with ten tenants at most.
    private static func refusal(of request: ShareRequest, on image: Image, members: [Member]) -> Failure? {
        let others = members.filter { $0.account != request.member && $0.status != .stopped }
        guard others.count >= wholeServerMemberLimit else { return nil }
        return Failure(
            .notShareable,
            "image \(image.id) is of a whole server and has \(others.count) members; \(wholeServerMemberLimit) are allowed",
            stage: .planning)
    }

    private static let wholeServerMemberLimit = 10

    /// The vendor's own form of a source is `bucket:object` (IMG.0017), an object of its object storage.
    public func url(ofSource url: String) -> String {
        let parts = url.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].hasPrefix("//") else { return url }
        return "s3://\(parts[0])/\(parts[1])"
    }

    /// The vendor's job: `INIT`, `RUNNING`, `SUCCESS`, `FAIL`; nil for kinds that its API answers at once.
    public func document(of job: Job, image: Image?) -> DocumentValue? {
        guard let type = Self.jobType(of: job.request.work) else { return nil }
        var view = DocumentBuilder()
        view.add("status", .string(Self.status(of: job)))
        view.add("job_id", .string(job.id.rawValue))
        view.add("job_type", .string(type))
        view.add("begin_time", .string(Self.date(job.startedAt ?? job.acceptedAt)))
        view.add("end_time", job.endedAt.map(Self.date))
        if let failure = job.failure, job.state == .failed || job.state == .cancelled {
            view.add(
                "error_code", Self.errorCode(of: failure).map(DocumentValue.string) ?? .ours(failure.code.rawValue))
            view.add("fail_reason", .string(failure.message))
        }
        var entities = DocumentBuilder()
        entities.add("image_id", job.imageID?.rawValue)
        entities.add("image_name", image?.details.name)
        if let progress = job.progress, let total = progress.total, total > 0 {
            entities.add("process_percent", .number(Double(progress.bytes * 100 / total) / 100))
        }
        view.add("entities", entities.document)
        return view.document
    }

    private static func status(of job: Job) -> String {
        switch job.state {
        case .queued, .deferred: "INIT"
        case .running, .retrying: "RUNNING"
        case .succeeded: "SUCCESS"
        case .failed, .cancelled: "FAIL"
        }
    }

    private static func jobType(of work: JobWork) -> String? {
        switch work {
        case .import: "imsImportImageJob"
        case .copy: "imsCopyImageInRegionJob"
        case .share(let request):
            switch request.action {
            case .offer: "imsAddImageMembersJob"
            case .revoke: "imsDelImageMembersJob"
            case .accept, .reject: "imsUpdateImageMembersJob"
            }
        case .update, .delete, .cancel: nil
        }
    }

    /// The vendor's code of a failure, where its API reference has one.
    private static func errorCode(of failure: Failure) -> String? {
        switch failure.cause?.code ?? failure.code {
        case .ruleViolated: failure.violations.lazy.compactMap(errorCode).first
        case .sourceDenied: "IMG.0017"
        case .imageNotActive: "IMG.0046"
        case .notOwner: "IMG.0047"
        case .sourceNotFound, .sourceUnauthorized, .imageUnsafe, .formatUnknown: "IMG.0057"
        case .sizeLimit: "IMG.0059"
        case .quotaExceeded: "IMG.0015"
        case .imageExists: "IMG.0070"
        case .formatMismatch: "IMG.0072"
        case .imageNotFound, .imageGone: "IMG.0086"
        case .notMember: "IMG.0196"
        case .imageProtected: "IMG.0028"
        case .imageBusy: "IMG.0090"
        case .minDiskTooSmall: "IMG.0055"
        default: nil
        }
    }

    private static func errorCode(of violation: Violation) -> String? {
        switch violation.path.split(separator: "/").dropFirst().first {
        case "name": violation.value.count > 128 ? "IMG.0002" : "IMG.0003"
        case "description": "IMG.0004"
        case "min_disk_gib", "min_ram_mib": "IMG.0055"
        case "tags": "IMG.0115"
        case "format": "IMG.0072"
        case "size": "IMG.0059"
        case "properties" where violation.path.hasSuffix(Field.osVersion.rawValue): "IMG.0056"
        case "properties" where violation.path.hasSuffix(Field.firmware.rawValue): "IMG.0141"
        default: nil
        }
    }
}

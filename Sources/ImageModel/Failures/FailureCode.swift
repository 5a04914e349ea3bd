/// Why a message was no job, or a job failed. Stable: a code is never reused or removed (CONTRACT section 5).
///
/// What an operator should know of each stands in ``FailureCode/entry``.
public enum FailureCode: String, Sendable, Codable, CaseIterable {
    // MARK: Dead letters

    /// The message's properties or body cannot be read: no strict JSON, too big, another content type.
    case malformedMessage = "malformed_message"
    /// The body is JSON and breaks the rules for jobs.
    case invalidJob = "invalid_job"
    /// The body says a message version that this worker does not read.
    case unsupportedVersion = "unsupported_version"
    /// A job with this id and another body is known already.
    case duplicateConflict = "duplicate_conflict"

    // MARK: Rules and policy

    /// The image breaks rules of its profile; each is listed.
    case ruleViolated = "rule_violated"
    /// The configuration forbids the job to this publisher, profile or image.
    case policyDenied = "policy_denied"

    // MARK: The source

    /// The URL's scheme, host, port or address may not be fetched.
    case sourceDenied = "source_denied"
    /// The source says that there is no such object.
    case sourceNotFound = "source_not_found"
    /// The source wants a credential, or refuses the one it got.
    case sourceUnauthorized = "source_unauthorized"
    /// The source does not answer, or answers that it cannot now.
    case sourceUnavailable = "source_unavailable"
    /// The source's certificate or the TLS handshake is wrong.
    case sourceTLS = "source_tls"
    /// The source redirects too often, or to where it must not.
    case sourceRedirect = "source_redirect"
    /// The source's object changed while it was read.
    case sourceChanged = "source_changed"
    /// The source stopped before the length it had announced.
    case sourceTruncated = "source_truncated"

    // MARK: The bytes

    /// The bytes as served are not as many as the message expects.
    case sizeMismatch = "size_mismatch"
    /// The image is larger than the configuration allows.
    case sizeLimit = "size_limit"
    /// The bytes as served have another digest than the message expects.
    case digestMismatch = "digest_mismatch"
    /// What should prove the bytes, such as a list of digests, cannot be used.
    case verificationFailed = "verification_failed"
    /// The disk format is another than the message expects.
    case formatMismatch = "format_mismatch"
    /// The disk format cannot be told.
    case formatUnknown = "format_unknown"
    /// The image refers to what lies outside it, or is built to harm who opens it.
    case imageUnsafe = "image_unsafe"
    /// `min_disk_gib` is smaller than the disk that the image describes.
    case minDiskTooSmall = "min_disk_too_small"
    /// The wrapper is damaged or of a kind that is not unpacked.
    case decompressionFailed = "decompression_failed"
    /// The bytes unpack to more than the configuration allows.
    case decompressionLimit = "decompression_limit"
    /// The image cannot be converted to the format asked for.
    case conversionFailed = "conversion_failed"

    // MARK: Room

    /// A store or the scratch space is full.
    case capacityExceeded = "capacity_exceeded"
    /// The owner has as many images or bytes as allowed.
    case quotaExceeded = "quota_exceeded"
    /// The message names a store that is not configured.
    case storeUnknown = "store_unknown"
    /// A store does not answer or fails.
    case storeUnavailable = "store_unavailable"
    /// The catalog does not answer or fails.
    case catalogUnavailable = "catalog_unavailable"

    // MARK: The state of the image

    /// No image has this id.
    case imageNotFound = "image_not_found"
    /// An image with this id exists.
    case imageExists = "image_exists"
    /// The image is deleted, and its id is never used again.
    case imageGone = "image_gone"
    /// The image is protected against deletes.
    case imageProtected = "image_protected"
    /// Another job works on the image, and the profile does not let both.
    case imageBusy = "image_busy"
    /// The image is not `active`.
    case imageNotActive = "image_not_active"
    /// The store has the image already.
    case replicaExists = "replica_exists"
    /// The store does not have the image.
    case replicaNotFound = "replica_not_found"
    /// The replica is the only one left.
    case lastReplica = "last_replica"

    // MARK: Rights and sharing

    /// The actor does not own the image.
    case notOwner = "not_owner"
    /// The actor is not the member concerned, or no accepted one.
    case notMember = "not_member"
    /// The image or the account does not allow sharing.
    case notShareable = "not_shareable"
    /// The account is a member already.
    case memberExists = "member_exists"
    /// The account is no member.
    case memberNotFound = "member_not_found"

    // MARK: The job itself

    /// No job has this id.
    case jobNotFound = "job_not_found"
    /// The job to cancel has ended.
    case jobFinished = "job_finished"
    /// A job named in `after` did not succeed.
    case predecessorFailed = "predecessor_failed"
    /// The job did not end before its deadline, when it was stopped wherever it was; the cause is the last attempt's error.
    case deadlineExceeded = "deadline_exceeded"
    /// The last attempt failed too; the cause is its error.
    case attemptsExhausted = "attempts_exhausted"
    /// Somebody asked for the end of the job.
    case cancelled
    /// The worker met what it was not made for.
    case `internal`
}

/// Why a message was no job, or a job failed. Stable: a code is never reused or removed (CONTRACT section 5).
public enum FailureCode: String, Sendable, Codable, CaseIterable {
    // Dead letters.
    case malformedMessage = "malformed_message"
    case invalidJob = "invalid_job"
    case unsupportedVersion = "unsupported_version"
    case duplicateConflict = "duplicate_conflict"
    // Rules and policy.
    case ruleViolated = "rule_violated"
    case policyDenied = "policy_denied"
    // The source.
    case sourceDenied = "source_denied"
    case sourceNotFound = "source_not_found"
    case sourceUnauthorized = "source_unauthorized"
    case sourceUnavailable = "source_unavailable"
    case sourceTLS = "source_tls"
    case sourceRedirect = "source_redirect"
    case sourceChanged = "source_changed"
    case sourceTruncated = "source_truncated"
    // The bytes.
    case sizeMismatch = "size_mismatch"
    case sizeLimit = "size_limit"
    case digestMismatch = "digest_mismatch"
    case verificationFailed = "verification_failed"
    case formatMismatch = "format_mismatch"
    case formatUnknown = "format_unknown"
    case imageUnsafe = "image_unsafe"
    case minDiskTooSmall = "min_disk_too_small"
    case decompressionFailed = "decompression_failed"
    case decompressionLimit = "decompression_limit"
    case conversionFailed = "conversion_failed"
    // Room.
    case capacityExceeded = "capacity_exceeded"
    case quotaExceeded = "quota_exceeded"
    case storeUnknown = "store_unknown"
    case storeUnavailable = "store_unavailable"
    case catalogUnavailable = "catalog_unavailable"
    // The state of the image.
    case imageNotFound = "image_not_found"
    case imageExists = "image_exists"
    case imageGone = "image_gone"
    case imageProtected = "image_protected"
    case imageBusy = "image_busy"
    case imageNotActive = "image_not_active"
    case replicaExists = "replica_exists"
    case replicaNotFound = "replica_not_found"
    case lastReplica = "last_replica"
    // Rights and sharing.
    case notOwner = "not_owner"
    case notMember = "not_member"
    case notShareable = "not_shareable"
    case memberExists = "member_exists"
    case memberNotFound = "member_not_found"
    // The job itself.
    case jobNotFound = "job_not_found"
    case jobFinished = "job_finished"
    case predecessorFailed = "predecessor_failed"
    case deadlineExceeded = "deadline_exceeded"
    case attemptsExhausted = "attempts_exhausted"
    case cancelled
    case `internal`
}

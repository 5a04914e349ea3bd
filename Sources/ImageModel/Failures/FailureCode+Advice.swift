extension FailureCode {
    /// What to do about it, in one sentence.
    var advice: String { Self.advice[self] ?? "Read the failure's message." }

    private static let advice: [Self: String] = aboutMessages.merging(aboutBytes) { first, _ in first }
        .merging(aboutState) { first, _ in first }

    private static let aboutMessages: [Self: String] = [
        .malformedMessage: "Publish one strict JSON object of at most 1 MiB as application/json without encoding.",
        .invalidJob: "Mend the member that the path names, or test messages against the output of `schema job`.",
        .unsupportedVersion: "Upgrade the workers before the producers, or publish version 1.",
        .duplicateConflict: "Give every job an id of its own; the job that was accepted first goes on.",
        .ruleViolated: "Mend every member that the violations list, or choose another profile.",
        .policyDenied: "Ask whoever configures the workers, or publish as a user that may do this.",
        .sourceDenied: "Use a scheme, host and port that fetch.only, fetch.deny and fetch.ports allow; "
            + "a private address must stand in fetch.allow_private.",
        .sourceNotFound: "Check the URL's path and bucket; some servers say this when a credential is missing.",
        .sourceUnauthorized: "Name a credential that covers the URL, or send the job with a fresher signed URL.",
        .sourceUnavailable: "Wait, or look at the source's own health; the worker tries again.",
        .sourceTLS: "Renew the source's certificate, or make the workers trust its authority.",
        .sourceRedirect: "Use the URL that the source redirects to, or raise fetch.redirects.",
        .sourceChanged: "Publish images under names that are never overwritten.",
        .sourceTruncated: "Look for a proxy or a server limit that cuts long responses; the worker resumes.",
    ]

    private static let aboutBytes: [Self: String] = [
        .sizeMismatch: "Compare expect.size with the object, wrapper included, as the source serves it.",
        .sizeLimit: "Raise limits.image_bytes or limits.virtual_bytes, or import a smaller image.",
        .digestMismatch: "Do not use these bytes before somebody has explained why they differ from what was promised.",
        .verificationFailed: "Check that expect.digests_url serves a list that names the file, "
            + "and is signed where digest_lists wants that.",
        .formatMismatch: "Correct expect.format, or find out why the source serves another format.",
        .formatUnknown: "Send a disk image of a known format; raw disks need a partition table or a file system.",
        .imageUnsafe: "Read the findings; rebuild the image without backing files, external data and broken tables.",
        .minDiskTooSmall: "Raise min_disk_gib to the virtual size of the image.",
        .decompressionFailed: "Test the file with the tool that packed it, and pack it again.",
        .decompressionLimit: "Raise limits.unpacked_bytes or limits.unpack_ratio if the image is trusted.",
        .conversionFailed: "Convert the image beforehand, or leave out transform.convert_to.",
        .capacityExceeded: "Free or add space in the store or the scratch path; the worker tries again.",
        .quotaExceeded: "Delete images of this owner, or raise limits.owner.",
        .storeUnknown: "Name a store that is configured on every worker.",
        .storeUnavailable: "Look at the store's own health and permissions; the worker tries again.",
        .catalogUnavailable: "Look at the catalog's database; the worker tries again.",
        .internal: "Look at the worker's log of this job, and report what you find.",
    ]

    private static let aboutState: [Self: String] = [
        .imageNotFound: "Check the image id; a job that follows an import should name it in `after`.",
        .imageExists: "Choose another image id, or delete the image first.",
        .imageGone: "Choose another image id: ids of deleted images are never used again.",
        .imageProtected: "Send an update that sets protected to false, then delete.",
        .imageBusy: "Wait for the job that works on the image, or cancel it.",
        .imageNotActive: "Wait until the image is active, or restore it.",
        .replicaExists: "Nothing needs to be done: the store has the image.",
        .replicaNotFound: "Check which stores the image's locations name.",
        .lastReplica: "Copy the image to another store first, or delete the whole image.",
        .notOwner: "Send the job as the image's owner, or leave out actor.account where the platform itself speaks.",
        .notMember: "Send the job as the member; a copy needs an offer that was accepted.",
        .notShareable: "Share only images that are not public, and with other accounts than their owner.",
        .memberExists: "Nothing needs to be done: the account is a member.",
        .memberNotFound: "Offer the image to the account first.",
        .jobNotFound: "Check the job id; ended jobs are forgotten after retention.jobs.",
        .jobFinished: "Nothing can be cancelled any more; delete the image if it is not wanted.",
        .predecessorFailed: "Mend and retry the predecessor, or set after_failed to run.",
        .deadlineExceeded: "Read the cause; give the job a later deadline or more workers.",
        .attemptsExhausted: "Read the cause, mend it, then use `jobs retry`.",
        .cancelled: "Nothing needs to be done: somebody asked for this.",
    ]
}

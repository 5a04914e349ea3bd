import ImageModel
import Testing

@Suite("The table of failure codes")
struct FailureCodeTests {
    @Test("Every code has kinds and advice of its own in one sentence", arguments: FailureCode.allCases)
    func everyCode(_ code: FailureCode) {
        let entry = code.entry
        #expect(!entry.kinds.isEmpty)
        #expect(Set(entry.kinds).count == entry.kinds.count)
        #expect(entry.advice.hasSuffix("."))
        #expect(entry.advice != "Read the failure's message.")
        #expect(FailureCode.allCases.count { $0.entry.advice == entry.advice } == 1)
    }

    @Test("The four dead letters are the contract's, and nothing that may pass by itself is one")
    func deadLetters() {
        let deadLetters = FailureCode.allCases.filter(\.entry.isDeadLetter)
        #expect(deadLetters == [.malformedMessage, .invalidJob, .unsupportedVersion, .duplicateConflict])
        #expect(deadLetters.allSatisfy { !$0.entry.isRetryable })
    }

    @Test("Only what may pass by itself is tried again")
    func retryable() {
        #expect(
            FailureCode.allCases.filter(\.entry.isRetryable) == [
                .sourceUnavailable, .sourceChanged, .sourceTruncated, .capacityExceeded, .storeUnavailable,
                .catalogUnavailable, .internal,
            ])
    }

    @Test("The codes are those of the contract, spelled as there")
    func spelling() {
        let contract = """
            malformed_message invalid_job unsupported_version duplicate_conflict
            rule_violated policy_denied source_denied source_not_found source_unauthorized source_unavailable source_tls
            source_redirect source_changed source_truncated size_mismatch size_limit digest_mismatch verification_failed
            format_mismatch format_unknown image_unsafe min_disk_too_small decompression_failed decompression_limit
            conversion_failed capacity_exceeded quota_exceeded store_unknown store_unavailable catalog_unavailable
            image_not_found image_exists image_gone image_protected image_busy image_not_active replica_exists
            replica_not_found last_replica not_owner not_member not_shareable member_exists member_not_found
            job_not_found job_finished predecessor_failed deadline_exceeded attempts_exhausted cancelled internal
            """
        #expect(FailureCode.allCases.map(\.rawValue) == contract.split(whereSeparator: \.isWhitespace).map(String.init))
    }

    @Test("A failure keeps the step at which it happened")
    func stage() {
        let failure = Failure(.sizeLimit, "too big")
        #expect(failure.at(.fetching).at(.storing).stage == .fetching)
    }
}

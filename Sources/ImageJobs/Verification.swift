import ImageInspection
import ImageModel
import ImageUnpacking

extension ImportJob {
    /// What the headers alone can refute, before a byte is fetched.
    func verifyHeaders(_ facts: SourceFacts, _ plan: ImportPlan) throws {
        guard let expected = plan.expectations.size, let size = facts.size, size != expected else { return }
        throw Failure.sizeMismatch(expected: expected, found: size)
    }

    /// What to make of bytes that are not what was expected: they deserve one clean fetch when the fault may lie in how
    /// they came, instead of in what the source serves.
    ///
    /// One answer with a length that was kept is what the source serves: to fetch it again costs hours and tells nothing
    /// new. Several answers may be of several objects; and an answer that told no length may have ended early.
    func doubt(_ error: any Error, _ source: ContinuedSource) -> any Error {
        guard error is Failure || error is InspectionError || error is UnpackError else { return error }
        let failure = Failure(from: error)
        // A wrapper that was cut short or mixed is damaged before any digest can tell.
        let isMismatch = [.digestMismatch, .sizeMismatch, .decompressionFailed].contains(failure.code)
        let isDoubtful =
            switch source.seam {
            case .none: isMismatch && source.facts.size == nil
            case .proven: isMismatch
            case .unproven: failure.stage == .verifying
            }
        return isDoubtful ? BeginAgain(distrusting: failure) : error
    }
}

extension ImportPlan {
    /// Ends the fetch of a body that grows beyond what was expected, whatever its headers said.
    func verifySoFar(_ size: Int64) throws {
        guard let expected = expectations.size, size > expected else { return }
        throw Failure(
            .sizeMismatch, "expected \(expected) bytes, the source serves more than that", stage: .verifying)
    }

    /// Compares what arrived with what was expected. Every expectation is enforced, those of format and disk by the
    /// inspector; there is no way around this.
    func verify(size: Int64, digests: [Digest]) throws {
        if let expected = expectations.size, size != expected {
            throw Failure.sizeMismatch(expected: expected, found: size)
        }
        for expected in expectations.digests {
            let found = digests.first { $0.algorithm == expected.algorithm }
            guard found == expected else {
                throw Failure(
                    .digestMismatch,
                    "expected \(expected), the source served \(found?.description ?? "nothing")", stage: .verifying)
            }
        }
    }
}

extension Failure {
    fileprivate static func sizeMismatch(expected: Int64, found: Int64) -> Self {
        Failure(.sizeMismatch, "expected \(expected) bytes, the source serves \(found)", stage: .verifying)
    }
}

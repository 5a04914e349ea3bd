import Catalog
import ImageInspection
import ImageModel
import ImageSource
import ImageStore
import Testing

@testable import ImageJobs

@Suite("Errors become outcomes in one place")
struct JobOutcomeTests {
    private let job: Job

    init() throws {
        job = try Self.job()
    }

    @Test("A transient error of the source is tried again, a permanent one ends the job", arguments: [true, false])
    func source(isTransient: Bool) {
        let error = SourceError(
            .sourceUnavailable, "answered 503", isTransient: isTransient, retryAfter: .seconds(7))
        let failure = Failure(
            .sourceUnavailable, "answered 503", stage: .fetching, isRetryable: isTransient, retryAfter: .seconds(7))
        #expect(JobOutcome(error, stop: nil, job: job) == (isTransient ? .retry(failure) : .failed(failure)))
    }

    @Test("A store that is full or away is tried again, a stranger's store is not")
    func store() {
        let full = StoreError(.capacityExceeded, "needs 2 bytes, 1 is free", isTransient: true)
        let strange = StoreError(.policyDenied, "belongs to another catalog", isTransient: false)
        #expect(code(JobOutcome(full, stop: nil, job: job)) == "retry capacity_exceeded")
        #expect(code(JobOutcome(strange, stop: nil, job: job)) == "failed policy_denied")
    }

    @Test("A dangerous image is never tried again")
    func inspection() {
        let error = InspectionError(.imageUnsafe, "the image has a backing file")
        #expect(code(JobOutcome(error, stop: nil, job: job)) == "failed image_unsafe")
    }

    @Test("A catalog that is away is tried again, a lost fence stops everything")
    func catalog() {
        #expect(
            code(JobOutcome(CatalogError(.unavailable, "locked"), stop: nil, job: job)) == "retry catalog_unavailable")
        #expect(code(JobOutcome(CatalogError(.corrupt, "a row"), stop: nil, job: job)) == "failed internal")
        #expect(JobOutcome(CatalogError(.fenced, "moved on"), stop: nil, job: job) == .fenced)
        #expect(JobOutcome(CatalogError(.cancelRequested, "asked for"), stop: nil, job: job) == .cancelled)
        #expect(JobOutcome(CatalogError(.cancelRequested, "asked for"), stop: .leaseLost, job: job) == .fenced)
    }

    @Test("Why a job was stopped explains whatever error that caused")
    func stops() {
        let error = SourceError(.sourceUnavailable, "cut", isTransient: true)
        #expect(JobOutcome(error, stop: .cancelRequested, job: job) == .cancelled)
        #expect(JobOutcome(error, stop: .deadlinePassed, job: job) == .overdue)
        #expect(JobOutcome(error, stop: .shutdown, job: job) == .interrupted)
        #expect(JobOutcome(error, stop: .leaseLost, job: job) == .fenced)
        #expect(JobOutcome(CatalogError(.fenced, "moved on"), stop: .cancelRequested, job: job) == .fenced)
    }

    @Test("An unknown error is internal, with its text, and not tried again")
    func unknown() {
        struct Odd: Error {}
        #expect(code(JobOutcome(Odd(), stop: nil, job: job)) == "failed internal")
    }

    private func code(_ outcome: JobOutcome) -> String {
        switch outcome {
        case .retry(let failure): "retry \(failure.code.rawValue)"
        case .failed(let failure): "failed \(failure.code.rawValue)"
        default: "\(outcome)"
        }
    }

    private static func job() throws -> Job {
        let request = JobRequest(
            id: try #require(JobID("job-1")),
            work: .import(
                ImportRequest(
                    image: ImageSpecification(name: "n"), source: SourceLocation(url: "https://h.example/i"))))
        return Job(request: request, imageID: ImageID("img-1"), acceptedAt: Timestamp(microseconds: 0))
    }
}

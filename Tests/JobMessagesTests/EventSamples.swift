import ImageModel
import JobMessages
import Testing

/// The values behind the contract's example event.
enum EventSamples {
    static let moment = Timestamp(microseconds: 1_796_083_200_000_000)

    static func image() throws -> Image {
        let digest = try #require(Digest(.sha256, hex: ContractMessage.sha256))
        return Image(
            id: try #require(ImageID("4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86")),
            details: ImageDetails(
                name: "ubuntu-24.04", owner: AccountID("acct-1"), profile: "ims", minimumDiskGiB: 40,
                minimumRAMMiB: 1_024),
            status: .active, revision: 3,
            content: ImageContent(format: .qcow2, size: 627_048_448, virtualSize: 3_758_096_384, digests: [digest]),
            replicas: [
                Replica(
                    store: try #require(StoreName("default")), state: .available, objectKey: "k",
                    url: "file:///images/k")
            ],
            createdAt: moment, updatedAt: moment)
    }

    static func job(_ state: JobState = .succeeded) throws -> Job {
        let source = SourceLocation(url: "https://objects.example/bucket/ubuntu.qcow2")
        let request = JobRequest(
            id: try #require(JobID("job-7f3c")), actor: JobActor(account: AccountID("acct-1"), user: "kim@example.com"),
            work: .import(ImportRequest(image: ImageSpecification(name: "ubuntu-24.04"), source: source)))
        var job = Job(
            request: request, imageID: ImageID("4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86"), acceptedAt: moment,
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        job.state = state
        job.attempt = 1
        job.worker = WorkerID("w-1")
        return job
    }

    static func data() throws -> EventData {
        EventData(
            job: try job(), image: try image(),
            source: SourceFacts(
                url: "https://objects.example/bucket/ubuntu.qcow2", size: 627_048_448, etag: "\"e\"",
                lastModified: "yesterday"),
            progress: JobProgress(
                stage: .fetching, bytes: 104_857_600, total: 627_048_448, bytesPerSecond: 88_000_000),
            share: ShareOutcome(action: .accept, member: try #require(AccountID("acct-2")), status: .accepted),
            error: Failure(
                .digestMismatch, "sha256 is 00, not 01", stage: .verifying,
                violations: [Violation(path: "/expect/digests/sha256", rule: "must match", value: "00")]))
    }

    static func event(_ topic: EventTopic, owner: String? = "acct-1", data: EventData = EventData()) throws
        -> ImageEvent
    {
        ImageEvent(
            id: try #require(EventID("e-1")), topic: topic, imageID: ImageID("4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86"),
            owner: owner.flatMap(AccountID.init), jobID: "job-7f3c", sequence: 42, time: moment, data: data)
    }

    /// What the catalog announces of a message that was no job.
    static func event(_ rejection: RejectedMessage) throws -> ImageEvent {
        ImageEvent(
            id: try #require(EventID("e-2")), topic: .rejected(rejection.kind), imageID: nil, owner: rejection.owner,
            jobID: rejection.jobID, sequence: nil, time: moment, data: EventData(error: rejection.failure))
    }
}

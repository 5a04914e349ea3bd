import ImageModel
import Testing

@Suite("Lives of jobs, images and replicas")
struct LifecycleTests {
    /// What is allowed; every other pair of state and event is forbidden.
    private static let jobs: [JobState: [JobEvent: JobState]] = [
        .queued: [.claimed: .running, .deferred: .deferred, .failed: .failed, .cancelled: .cancelled],
        .deferred: [.released: .queued, .failed: .failed, .cancelled: .cancelled],
        .running: [
            .deferred: .deferred, .attemptFailed: .retrying, .givenBack: .queued, .succeeded: .succeeded,
            .failed: .failed, .cancelled: .cancelled,
        ],
        .retrying: [.claimed: .running, .failed: .failed, .cancelled: .cancelled],
    ]

    @Test("A job does in every state exactly what its table allows", arguments: JobState.allCases, JobEvent.allCases)
    func jobs(state: JobState, event: JobEvent) {
        #expect(JobLifecycle.state(after: event, in: state) == Self.jobs[state]?[event])
        if state.isTerminal { #expect(JobLifecycle.state(after: event, in: state) == nil) }
    }

    private static let images: [ImageStatus: Set<ImageStatus>] = [
        .queued: [.importing, .failed, .cancelled, .deleting],
        .importing: [.active, .failed, .cancelled, .deleting],
        .failed: [.queued, .deleting],
        .cancelled: [.queued, .deleting],
        .active: [.pendingDelete, .deleting],
        .pendingDelete: [.active, .deleting],
        .deleting: [.deleted],
        .deleted: [],
    ]

    @Test("An image takes exactly the steps of its table", arguments: ImageStatus.allCases, ImageStatus.allCases)
    func images(status: ImageStatus, next: ImageStatus) {
        #expect(status.mayBecome(next) == Self.images[status]?.contains(next))
    }

    @Test("A replica takes exactly four steps", arguments: ReplicaState.allCases, ReplicaState.allCases)
    func replicas(state: ReplicaState, next: ReplicaState) {
        let allowed: [[ReplicaState]] = [
            [.pending, .copying], [.copying, .available], [.copying, .pending], [.available, .deleting],
        ]
        #expect(state.mayBecome(next) == allowed.contains([state, next]))
    }

    @Test("Exactly three states and three phases end a job")
    func endings() {
        #expect(JobState.allCases.filter(\.isTerminal) == [.succeeded, .failed, .cancelled])
        #expect(EventPhase.allCases.filter(\.isTerminal) == [.completed, .failed, .cancelled])
    }

    @Test("A fresh job waits with the contract's defaults")
    func freshJob() throws {
        let request = JobRequest(
            id: try #require(JobID("j")), work: .cancel(CancelRequest(jobID: try #require(JobID("k")))))
        let job = Job(request: request, imageID: nil, acceptedAt: Timestamp(microseconds: 5))
        #expect(job.state == .queued && job.priority == 4 && job.maxAttempts == 8 && job.attempt == 0 && job.fence == 0)
        #expect(job.runAt == job.acceptedAt && job.kind == .cancel)
    }
}

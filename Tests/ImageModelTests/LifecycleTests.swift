import Foundation
import ImageModel
import Testing

/// What may happen, written down once more; every other pair of state and event is forbidden.
@Suite("Lives of jobs, images, replicas and members")
struct LifecycleTests {
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
        expect(state, event, leadsTo: Self.jobs[state]?[event])
    }

    private static let images: [ImageStatus: [ImageStep: ImageStatus]] = [
        .queued: [.claimed: .importing, .failed: .failed, .cancelled: .cancelled, .deletionBegan: .deleting],
        .importing: [.imported: .active, .failed: .failed, .cancelled: .cancelled, .deletionBegan: .deleting],
        .failed: [.renewed: .queued, .deletionBegan: .deleting],
        .cancelled: [.renewed: .queued, .deletionBegan: .deleting],
        .active: [.retained: .pendingDelete, .deletionBegan: .deleting],
        .pendingDelete: [.restored: .active, .deletionBegan: .deleting],
        .deleting: [.deleted: .deleted],
    ]

    @Test(
        "An image does in every status exactly what its table allows", arguments: ImageStatus.allCases,
        ImageStep.allCases)
    func images(status: ImageStatus, step: ImageStep) {
        expect(status, step, leadsTo: Self.images[status]?[step])
    }

    private static let replicas: [ReplicaState: [ReplicaStep: ReplicaState]] = [
        .pending: [.transferBegan: .copying],
        .copying: [.transferFailed: .pending, .stored: .available],
        .available: [.deletionBegan: .deleting],
    ]

    @Test(
        "A replica does in every state exactly what its table allows", arguments: ReplicaState.allCases,
        ReplicaStep.allCases)
    func replicas(state: ReplicaState, step: ReplicaStep) {
        expect(state, step, leadsTo: Self.replicas[state]?[step])
    }

    private static let members: [MemberStatus: [ShareAction: MemberStatus]] = [
        .pending: [.accept: .accepted, .reject: .rejected, .revoke: .stopped],
        .accepted: [.accept: .accepted, .reject: .rejected, .revoke: .stopped],
        .rejected: [.offer: .pending, .accept: .accepted, .reject: .rejected, .revoke: .stopped],
        .stopped: [.offer: .pending, .revoke: .stopped],
    ]

    @Test(
        "A member does in every status exactly what its table allows", arguments: MemberStatus.allCases,
        ShareAction.allCases)
    func members(status: MemberStatus, action: ShareAction) {
        expect(status, action, leadsTo: Self.members[status]?[action])
    }

    @Test("Every life begins where no event has happened, and no event leads out of its end")
    func endings() {
        #expect(JobState.initial == .queued && ImageStatus.initial == .queued)
        #expect(ReplicaState.initial == .pending && MemberStatus.initial == .pending)
        #expect(JobState.allCases.filter(\.isTerminal) == [.succeeded, .failed, .cancelled])
        #expect(EventPhase.allCases.filter(\.isTerminal) == [.completed, .failed, .cancelled])
        for state in JobState.allCases { #expect(state.isTerminal == state.isFinal) }
        #expect(ImageStatus.allCases.filter(\.isFinal) == [.deleted])
        #expect(ReplicaState.allCases.filter(\.isFinal) == [.deleting])
        #expect(MemberStatus.allCases.filter(\.isFinal).isEmpty)
    }

    @Test("Every state can be reached")
    func reachability() {
        #expect(JobState.reachable == Set(JobState.allCases))
        #expect(ImageStatus.reachable == Set(ImageStatus.allCases))
        #expect(ReplicaState.reachable == Set(ReplicaState.allCases))
        #expect(MemberStatus.reachable == Set(MemberStatus.allCases))
    }

    @Test("A forbidden event is named in words, and the state stays")
    func forbiddenEvent() {
        var state = JobState.succeeded
        let error = #expect(throws: ForbiddenEvent.self) { try state.apply(.claimed) }
        #expect(error?.description == "\"claimed\" cannot happen in state \"succeeded\"")
        #expect(state == .succeeded)
    }

    @Test("The tables of the documentation are those of the code")
    func documentation() throws {
        let article = try Article()
        #expect(article.table("job") == JobState.table)
        #expect(article.table("image") == ImageStatus.table)
        #expect(article.table("replica") == ReplicaState.table)
        #expect(article.table("member") == MemberStatus.table)
    }

    @Test("A fresh job waits with the contract's defaults")
    func freshJob() throws {
        let request = JobRequest(
            id: try #require(JobID("j")), work: .cancel(CancelRequest(jobID: try #require(JobID("k")))))
        let job = Job(request: request, imageID: nil, acceptedAt: Timestamp(microseconds: 5))
        #expect(job.state == .queued && job.priority == 4 && job.maxAttempts == 8 && job.attempt == 0 && job.fence == 0)
        #expect(job.runAt == job.acceptedAt && job.kind == .cancel)
    }

    private func expect<State: LifecycleState>(_ state: State, _ event: State.Event, leadsTo next: State?) {
        #expect(State.state(after: event, in: state) == next)
        var moved = state
        if next == nil {
            #expect(throws: ForbiddenEvent.self) { try moved.apply(event) }
        } else {
            #expect(throws: Never.self) { try moved.apply(event) }
        }
        #expect(moved == next ?? state)
    }
}

/// A row of a table of the documentation.
private struct Row: Hashable {
    let state: String
    let event: String
    let next: String
}

extension LifecycleState {
    /// Whether nothing can happen any more.
    fileprivate var isFinal: Bool { Event.allCases.allSatisfy { Self.state(after: $0, in: self) == nil } }

    fileprivate static var reachable: Set<Self> {
        var reached: Set<Self> = [initial]
        for _ in allCases {
            for state in reached { reached.formUnion(Event.allCases.compactMap { Self.state(after: $0, in: state) }) }
        }
        return reached
    }

    fileprivate static var table: Set<Row> {
        var rows: Set<Row> = []
        for state in allCases {
            for event in Event.allCases {
                guard let next = Self.state(after: event, in: state) else { continue }
                rows.insert(Row(state: state.rawValue, event: event.rawValue, next: next.rawValue))
            }
        }
        return rows
    }
}

/// The article that draws the life cycles.
private struct Article {
    private let lines: [Substring]

    init() throws {
        let path = "Sources/ImageModel/ImageModel.docc/LifeCycles.md"
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        lines = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }

    func table(_ name: String) -> Set<Row> {
        let rows = lines.drop { !$0.hasPrefix("| \(name) |") }.dropFirst(2).prefix { $0.hasPrefix("|") }
        return Set(
            rows.map { row in
                let cells = row.split(separator: "|").map {
                    $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
                }
                return Row(state: cells[0], event: cells[1], next: cells[2])
            })
    }
}

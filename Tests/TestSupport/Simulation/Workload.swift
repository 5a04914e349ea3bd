import CLibCrypto
import ImageModel
import JobMessages

/// What producers send in one history: some jobs, good and bad, twice, too early, and some messages that are none.
struct Workload: Sendable {
    /// A message and when it is sent.
    struct Parcel: Sendable {
        let moment: Duration
        let kind: JobKind
        let content: Content
    }

    enum Content: Sendable {
        case job(IncomingMessage, JobRequest)
        /// A message that can never become a job.
        case garbage(IncomingMessage)
        case oversized(UInt64)
    }

    private(set) var parcels: [Parcel] = []
    private(set) var bodies = Bodies()
    /// Imports that can only fail: what they expect is not what is served.
    private(set) var doomed: Set<JobID> = []

    private let dice: Dice
    /// Apart, so that older histories stay what they were but for this.
    private let sufficing: Dice
    private var images: [ImageID] = []
    private var jobs: [JobID] = []
    private var requests: [JobID: JobRequest] = [:]
    private let span: Int
    private static let hosts = (1...3).map { "https://origin-\($0).example" }
    /// Whose images they are: one has most of them.
    private static let owners: [AccountID?] = ["alice", "alice", "alice", "bob", "carol"].map { AccountID($0) } + [nil]
    private static let accounts: [AccountID] = ["alice", "bob", "carol"].compactMap(AccountID.init)

    init(seed: UInt64) {
        dice = Dice(seed: seed, purpose: 2)
        sufficing = Dice(seed: seed, purpose: 5)
        span = dice.pick([100, 2_000, 15_000])
        let count = dice.pick([dice.int(3...6), dice.int(5...12), dice.int(8...20)])
        for number in 1...count { add(number) }
        if dice.chance(0.4) {
            bodies.takeAway(
                dice.pick(Self.hosts), from: dice.milliseconds(0...span), for: dice.milliseconds(1_000...40_000))
        }
    }

    private mutating func add(_ number: Int) {
        let roll = dice.int(0...99)
        switch roll {
        case _ where images.isEmpty, 0..<42: addImport(number)
        case 42..<53: addShare(number)
        case 53..<62: addUpdate(number)
        case 62..<71: send(number, .delete(DeleteRequest(imageID: dice.pick(images), store: replica())))
        case 71..<80: send(number, .cancel(CancelRequest(jobID: cancelled(before: number))))
        case 80..<91: addCopy(number)
        default: addGarbage(number)
        }
    }

    // MARK: Jobs

    private mutating func addImport(_ number: Int) {
        let url = "\(dice.pick(Self.hosts))/\(number)"
        let object = servedObject(number)
        let body = object.versions[0]
        var expectations = Expectations()
        if dice.chance(0.3) { expectations.digests = [SHA256Digest.of(body.bytes)] }
        if dice.chance(0.2) { expectations.size = Int64(body.count) }
        let isMissing = dice.chance(0.06)
        if !isMissing { bodies[url] = object }
        var isDoomed = isMissing
        if dice.chance(0.06) {
            expectations.digests = [SHA256Digest.of(body.bytes + [1])]
            isDoomed = true
        } else if dice.chance(0.04) {
            // Of no version: what the object changes to meanwhile may be of any other size.
            expectations.size = Int64(object.versions.map(\.count).max() ?? body.count) + 1
            isDoomed = true
        }
        let image = imageID(number)
        if let image { images.append(image) }
        let id = jobID(number)
        if isDoomed { doomed.insert(id) }
        send(
            number,
            .import(
                ImportRequest(
                    image: ImageSpecification(
                        id: image, name: "image \(number)", owner: dice.pick(Self.owners),
                        isProtected: dice.chance(0.05)),
                    source: SourceLocation(url: url), expectations: expectations,
                    digests: dice.chance(0.1) ? [.md5, .sha256] : nil, stores: stores(),
                    storesRequire: sufficing.chance(0.5) ? .any : nil)))
    }

    /// Some objects change while they are fetched.
    private func servedObject(_ number: Int) -> ServedObject {
        let counts = [0, 1, 100, 4_096, 5_000, 8_192, 12_000, 24_000]
        var versions = [ServedBody(since: .zero, start: number * 64, count: dice.pick(counts))]
        if dice.chance(0.3) {
            let count = dice.chance(0.7) ? versions[0].count : dice.pick(counts)
            versions.append(
                ServedBody(since: dice.milliseconds(1...20_000), start: number * 64 + 30_000, count: count))
        }
        return ServedObject(
            versions: versions, isLengthKnown: dice.chance(0.7), hasValidator: dice.chance(0.8),
            keepsValidator: dice.chance(0.1), servesRanges: dice.chance(0.8),
            pace: dice.pick([.zero, .zero, .milliseconds(200), .seconds(4)]))
    }

    /// Mostly a new one; sometimes one that is there already, sometimes none.
    private func imageID(_ number: Int) -> ImageID? {
        if !images.isEmpty, dice.chance(0.2) { return dice.pick(images) }
        return dice.chance(0.9) ? ImageID("image-\(number)") : nil
    }

    private func stores() -> [StoreName]? {
        let both = [StoreName("default"), StoreName("second")].compactMap(\.self)
        switch dice.int(0...9) {
        case 0...5: return nil
        case 6, 7: return both
        case 8: return Array(both.dropFirst())
        default: return dice.chance(0.2) ? StoreName("nowhere").map { [$0] } : nil
        }
    }

    /// To another store, or to a new image, which later jobs may work on.
    private mutating func addCopy(_ number: Int) {
        var request = CopyRequest(imageID: dice.pick(images), store: dice.chance(0.6) ? StoreName("second") : nil)
        if dice.chance(0.5) {
            let id = dice.chance(0.9) ? ImageID("image-\(number)") : dice.pick(images)
            request.newImage = CopyRequest.NewImage(
                id: id, name: "copy \(number)", owner: dice.chance(0.3) ? dice.pick(Self.owners) : nil)
            if let id { images.append(id) }
        } else {
            request.store = request.targetStore
        }
        send(number, .copy(request))
    }

    private mutating func addShare(_ number: Int) {
        let action = dice.pick([ShareAction.offer, .offer, .accept, .reject, .revoke])
        let request = ShareRequest(imageID: dice.pick(images), action: action, member: dice.pick(Self.accounts))
        send(number, .share(request))
    }

    private mutating func addUpdate(_ number: Int) {
        let change: ImageChange =
            switch dice.int(0...4) {
            case 0: .isProtected(dice.chance(0.3))
            case 1: .tags(["tag-\(number)"])
            case 2: .visibility(.shared)
            default: .name("renamed by \(number)")
            }
        send(number, .update(UpdateRequest(imageID: dice.pick(images), changes: [change])))
    }

    private func replica() -> StoreName? { dice.chance(0.2) ? StoreName("second") : nil }

    /// A job that was sent, or one that is still to be.
    private func cancelled(before number: Int) -> JobID {
        dice.chance(0.2) ? jobID(number + 1) : dice.pick(jobs)
    }

    private mutating func send(_ number: Int, _ work: JobWork) {
        let id = jobID(number)
        var request = JobRequest(id: id, work: work)
        if dice.chance(0.5) {
            request.actor = JobActor(account: dice.chance(0.8) ? Self.accounts.first : Self.accounts.last)
        }
        if dice.chance(0.2) { request.priority = dice.int(0...9) }
        if dice.chance(0.3) { request.maxAttempts = dice.int(1...4) }
        if !jobs.isEmpty, work.kind != .cancel, dice.chance(0.15) {
            request.after = [dice.pick(jobs)]
            request.runsAfterFailure = dice.chance(0.5)
        }
        if work.kind != .cancel, dice.chance(0.05) {
            request.deadline = SimulatedClock().timestamp + .milliseconds(dice.int(1_000...40_000))
        }
        jobs.append(id)
        requests[id] = request
        let message = message(of: request)
        post(request.kind, .job(message, request))
        if dice.chance(0.1) { post(request.kind, .job(message, request)) }
    }

    private func message(of request: JobRequest, query: String? = "token=secret") -> IncomingMessage {
        let message = JobMessage(request, sourceQuery: request.kind == .import ? query : nil)
        return IncomingMessage(
            body: message.body, routingKey: message.routingKey, contentType: JobMessage.contentType,
            messageID: message.messageID, priority: message.priority,
            replyTo: dice.chance(0.3) ? "reply.producer" : nil, correlationID: "correlation-\(request.id)")
    }

    // MARK: What is no job

    private mutating func addGarbage(_ number: Int) {
        let kind = dice.pick(JobKind.allCases)
        func garbage(_ text: String) -> Content {
            .garbage(IncomingMessage(body: Array(text.utf8), routingKey: kind.rawValue))
        }
        switch dice.int(0...5) {
        case 0: post(kind, .oversized(20_000_000))
        case 1: post(kind, garbage(""))
        case 2: post(kind, garbage("{\"version\":1,\"id\":\"garbage-\(number)\",\"kind\":\"\(kind.rawValue)\"}"))
        case 3: post(kind, garbage("{\"version\":9,\"id\":\"garbage-\(number)\"}"))
        case 4: post(kind, garbage("[\(number)"))
        default:
            // Another body under an id that is taken.
            guard let id = jobs.first, var other = requests[id] else { return }
            other.priority = 9 - other.priorityOrDefault
            post(other.kind, .job(message(of: other), other))
        }
    }

    private mutating func post(_ kind: JobKind, _ content: Content) {
        parcels.append(Parcel(moment: dice.milliseconds(0...span), kind: kind, content: content))
    }

    private func jobID(_ number: Int) -> JobID {
        guard let id = JobID("job-\(number)") else { preconditionFailure("job-\(number) is a valid job id") }
        return id
    }
}

extension JobRequest {
    fileprivate var priorityOrDefault: Int { priority ?? Self.defaultPriority }
}

/// SHA-256 in one call, apart from the digests under test.
enum SHA256Digest {
    static func of(_ bytes: some Collection<UInt8>) -> Digest {
        var result = [UInt8](repeating: 0, count: 32)
        let input = Array(bytes)
        EVP_Digest(input, input.count, &result, nil, EVP_sha256(), nil)
        guard let digest = Digest(.sha256, bytes: result) else { preconditionFailure("32 bytes are a SHA-256") }
        return digest
    }
}

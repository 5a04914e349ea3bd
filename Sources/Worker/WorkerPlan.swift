public import ImageModel

/// How a worker works: the `worker.*`, `lease.*` and `events.*` keys of the configuration.
public struct WorkerPlan: Sendable, Hashable {
    /// What the worker does.
    public var roles = Set(WorkerRole.allCases)
    /// Jobs of each kind at once.
    public var slots: [JobKind: Int]
    /// Waiting jobs of a kind in the catalog beyond which messages stay on the broker.
    public var backlog: Int
    /// Deferred jobs of a kind that follow others, beyond which messages stay on the broker too. Apart from the backlog,
    /// because what they follow may be one of those messages.
    public var followerLimit: Int
    /// How long a lease lasts.
    public var leaseDuration: Duration
    /// How often leases are renewed; well below half of their duration.
    public var leaseRenewal: Duration
    /// How long running jobs may go on after the worker was asked to stop.
    public var drain: Duration
    /// Queues that may be named in `reply_to`; `*` at the end stands for anything.
    public var replyQueues: [String]
    /// The prefix of our own queues, which no reply may reach.
    public var prefix: String
    /// Publishers whose rights are narrowed, by RabbitMQ user.
    public var publishers: [String: PublisherRights] = [:]
    /// How often to look for work that other workers left, and for requests to cancel.
    public var poll: Duration
    /// How often to look when there was nothing for a while, where others tell when there is something.
    public var idlePoll: Duration
    /// How long what nobody works on is kept.
    public var retention: RetentionPolicy
    /// How often the worker that holds the role sweeps.
    public var sweepInterval: Duration

    /// A plan from its parts; `followerLimit` is ten times the backlog unless given.
    public init(
        slots: [JobKind: Int] = [.import: 4, .copy: 2, .share: 8, .update: 8, .delete: 4], backlog: Int = 10_000,
        followerLimit: Int? = nil, leaseDuration: Duration = .seconds(30), leaseRenewal: Duration = .seconds(10),
        drain: Duration = .seconds(30),
        replyQueues: [String] = ["amq.rabbitmq.reply-to.*", "amq.gen-*", "reply.*"], prefix: String = "longshore",
        poll: Duration = .milliseconds(500), idlePoll: Duration = .seconds(5),
        retention: RetentionPolicy = RetentionPolicy(),
        sweepInterval: Duration = .seconds(300)
    ) {
        self.slots = slots
        self.backlog = backlog
        self.followerLimit = followerLimit ?? 10 * backlog
        self.leaseDuration = leaseDuration
        self.leaseRenewal = leaseRenewal
        self.drain = drain
        self.replyQueues = replyQueues
        self.prefix = prefix
        self.poll = poll
        self.idlePoll = idlePoll
        self.retention = retention
        self.sweepInterval = sweepInterval
    }

    /// Deliveries of a queue that may be on their way into the catalog at once. A gate that closes, and one that opens too
    /// early, lets so many in: few against the backlog. Six queues full of the largest messages are 384 MiB.
    package var prefetch: Int { max(1, min(64, backlog / 4)) }

    /// Whether a terminal event may be sent to `queue`.
    func mayReply(to queue: String) -> Bool {
        guard !queue.hasPrefix(prefix + ".") else { return false }
        return replyQueues.contains { pattern in
            pattern.hasSuffix("*") ? queue.hasPrefix(pattern.dropLast()) : queue == pattern
        }
    }
}

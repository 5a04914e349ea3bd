import ImageModel
import LongshoreSettings
import Worker

extension WorkerPlan {
    init(_ settings: Settings) {
        self.init(
            slots: settings.worker.slots, backlog: settings.worker.backlog, leaseDuration: settings.lease.duration,
            leaseRenewal: settings.lease.renew, drain: settings.worker.drain, replyQueues: settings.events.replyTo,
            prefix: settings.broker.prefix, retention: RetentionPolicy(settings.retention))
        roles = Set(settings.worker.roles.map(WorkerRole.init))
        publishers = settings.publishers.mapValues { publisher in
            PublisherRights(
                accounts: publisher.accounts.map { Set($0) }, kinds: publisher.kinds.map { Set($0) },
                profiles: publisher.profiles.map { Set($0) })
        }
    }
}

extension WorkerRole {
    fileprivate init(_ role: Settings.Role) {
        self =
            switch role {
            case .intake: .intake
            case .run: .run
            case .relay: .relay
            case .sweep: .sweep
            }
    }
}

extension Set<WorkerRole> {
    /// Whether anything is published under these: events, or the progress of jobs.
    var publish: Bool { !isDisjoint(with: [.run, .relay]) }
}

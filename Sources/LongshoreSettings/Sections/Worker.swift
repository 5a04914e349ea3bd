public import ImageModel

extension Settings {
    /// A part of a worker's duties.
    public enum Role: String, Sendable, CaseIterable {
        /// Takes jobs from the broker into the catalog.
        case intake
        /// Runs jobs.
        case run
        /// Sends events from the catalog.
        case relay
        /// Removes what no job needs.
        case sweep
    }

    /// What this worker does, and how much of it at once.
    public struct Worker: Sendable, Hashable {
        /// Jobs of a kind that run at once; no entry for `cancel`, which takes no slot.
        public var slots: [JobKind: Int]
        /// Waiting jobs of a kind in the catalog; beyond it messages stay on the broker.
        public var backlog: Int
        /// Its duties; at least one.
        public var roles: Set<Role>
        /// Time that running jobs get after SIGTERM.
        public var drain: Duration
        /// How long to wait for broker and catalog at start.
        public var startTimeout: Duration
        /// How long a job waits for an unknown image.
        public var unknownGrace: Duration
        /// Folder for conversions; nil: `convert_to` is refused.
        public var scratch: String?

        init(reading reader: inout SettingsReader) {
            slots = [
                .import: reader.value(WorkerKeys.imports), .copy: reader.value(WorkerKeys.copies),
                .share: reader.value(WorkerKeys.shares), .update: reader.value(WorkerKeys.updates),
                .delete: reader.value(WorkerKeys.deletes),
            ]
            backlog = reader.value(WorkerKeys.backlog)
            roles = Set(reader.value(WorkerKeys.roles))
            drain = reader.value(WorkerKeys.drain)
            startTimeout = reader.value(WorkerKeys.startTimeout)
            unknownGrace = reader.value(WorkerKeys.unknownGrace)
            scratch = reader.value(WorkerKeys.scratch)
        }
    }

    /// How workers tell the living from the dead.
    public struct Lease: Sendable, Hashable {
        /// How long after its last sign of life a worker's jobs are taken over.
        public var duration: Duration
        /// How often it gives one; less than half of ``duration``.
        public var renew: Duration

        init(reading reader: inout SettingsReader) {
            duration = reader.value(WorkerKeys.lease)
            renew = reader.value(WorkerKeys.renew)
        }
    }

    /// How long to wait before a retry.
    public struct Retry: Sendable, Hashable {
        /// Before the first.
        public var base: Duration
        /// At most.
        public var max: Duration

        init(reading reader: inout SettingsReader) {
            base = reader.value(WorkerKeys.retryBase)
            max = reader.value(WorkerKeys.retryMax)
        }
    }
}

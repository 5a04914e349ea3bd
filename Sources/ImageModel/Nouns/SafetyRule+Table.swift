extension SafetyRule {
    /// What a rule leads to.
    public struct Entry: Hashable, Sendable {
        /// How much a finding of it counts.
        public let severity: FindingSeverity
        /// Whether `inspect.relax` can make an error of it a warning.
        public let isRelaxable: Bool
        /// How a job fails that it refuses.
        public let failure: FailureCode
    }

    /// The one table of defaults, repeated in the documentation of the inspector.
    public var entry: Entry {
        switch self {
        case .backingFile, .externalData, .foreignExtent, .differencing: refused
        case .contradiction, .unknownFeature, .unknownDescriptorLine, .pendingLog: refused
        case .corrupt, .encrypted, .wrapped, .archiveMember: refused
        // Relaxed, these would leave open what the image is, or how much a guest could make of it.
        case .ambiguousFormat, .absurdSize, .unsupportedFormat: always(.imageUnsafe)
        case .malformed: always(.formatUnknown)
        case .formatMismatch: always(.formatMismatch)
        case .sizeLimit: always(.sizeLimit)
        case .minDiskTooSmall: always(.minDiskTooSmall)
        case .unclean, .truncated, .partitionTable, .opaqueFormat: told(.warning)
        case .snapshots, .unpartitioned: told(.note)
        }
    }

    private var refused: Entry { Entry(severity: .error, isRelaxable: true, failure: .imageUnsafe) }

    private func always(_ failure: FailureCode) -> Entry {
        Entry(severity: .error, isRelaxable: false, failure: failure)
    }

    private func told(_ severity: FindingSeverity) -> Entry {
        Entry(severity: severity, isRelaxable: false, failure: .imageUnsafe)
    }
}

public import ImageModel

/// What a worker must know to run a job (decision D12): rows of a later version are left to workers that understand them.
extension Job {
    /// The newest version that this program understands.
    public static let newestVersion = 2

    /// The version that this job needs. 1: all that a message can ask for. 2: a repair, which does not give up.
    public var neededVersion: Int { repairs == nil ? 1 : 2 }
}

/// A part of a worker's duties; every installation needs each of them in at least one worker.
public enum WorkerRole: String, Sendable, Hashable, CaseIterable {
    /// Takes jobs from the broker into the catalog.
    case intake
    /// Runs jobs. Only this one needs sources, stores and slots.
    case run
    /// Sends events from the catalog. One worker at a time does it for all; the others wait for their turn.
    case relay
    /// Removes what no job needs, one worker at a time as well.
    case sweep
}

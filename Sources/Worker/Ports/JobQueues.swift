public import ImageModel
public import JobMessages

/// The intake queues as the worker sees them: one for each kind of job.
public protocol JobQueues: Sendable {
    /// Names a delivery until it is settled.
    associatedtype DeliveryID: Sendable, Hashable

    /// Waits for deliveries, and takes those that are there already.
    ///
    /// - Returns: At least one; none when there will never be another, or when the task is cancelled.
    func nextDeliveries(upTo limit: Int) async -> [JobDelivery<DeliveryID>]

    /// Starts or goes on consuming the queue of a kind.
    func startConsuming(_ kind: JobKind) async

    /// Stops consuming the queue of a kind; what was delivered can still be settled.
    func stopConsuming(_ kind: JobKind) async

    /// Acknowledges deliveries that were taken in order, and all before them. What has been requeued meanwhile is left.
    func acknowledge(_ deliveries: [DeliveryID]) async

    /// Rejects a delivery, so that the broker moves it to the dead letters.
    func reject(_ delivery: DeliveryID) async

    /// Gives everything unsettled back to the broker, once.
    func giveBackUnsettled() async
}

/// A message from an intake queue.
public struct JobDelivery<ID: Sendable & Hashable>: Sendable {
    /// What to settle.
    public var id: ID
    /// What came.
    public var content: Content

    /// What came.
    public enum Content: Sendable {
        /// A message to decode.
        case message(IncomingMessage)
        /// A body of this many bytes, more than is accepted; it was not kept.
        case oversized(bytes: UInt64)
    }

    /// A delivery from its parts.
    public init(id: ID, content: Content) {
        self.id = id
        self.content = content
    }
}

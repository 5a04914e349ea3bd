/// Why the broker, the network or the library refused something.
///
/// `message` is a full sentence for an operator. It names host and port where a connection is concerned, and never
/// a password.
public struct RabbitMQError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure; programs branch on this.
    public enum Code: String, Sendable, CaseIterable {
        /// The configuration can never work: a malformed URL, an unreadable certificate, an IP address under TLS.
        case invalidConfiguration
        /// No thread or descriptor could be had from the system.
        case systemResources
        /// The host did not resolve, refused the connection or did not answer in time.
        case hostUnreachable
        /// The TLS handshake failed, or the peer's certificate or host name was not accepted.
        case tlsFailed
        /// User name, password or certificate were not accepted.
        case authenticationRefused
        /// The virtual host does not exist or is closed to this user.
        case virtualHostRefused
        /// The user lacks a permission on the object (AMQP 403).
        case accessRefused
        /// The object does not exist (AMQP 404).
        case notFound
        /// A message was published to an exchange that does not exist (AMQP 404).
        case exchangeMissing
        /// The object is exclusive to another connection (AMQP 405).
        case resourceLocked
        /// The object exists with other arguments than asked for (AMQP 406).
        case preconditionFailed
        /// The broker took the message and refused it (`basic.nack`), for example because a queue is full.
        case nacked
        /// The broker did not confirm the message in time.
        case confirmTimeout
        /// The message did not leave in time because the broker blocks publishers (memory or disk alarm).
        case blocked
        /// The message did not leave in time because there was no connection, or no room in the window.
        case notConnected
        /// The message breaks a limit of the protocol or of the configuration.
        case messageRefused
        /// The connection was lost.
        case connectionLost
        /// The broker closed the channel.
        case channelClosed
        /// The broker did not answer a request in time.
        case timedOut
        /// The peer broke the protocol.
        case protocolViolation
        /// The session has ended, or runs already.
        case closed
        /// The waiting task was cancelled.
        case cancelled
    }

    /// What a caller may do about it.
    public enum Retryability: Sendable {
        /// Nothing happened on the broker; the same call may succeed later.
        case transient
        /// The broker may have acted; repeat with the same message id.
        case outcomeUnknown
        /// The same call fails again until somebody changes something.
        case permanent
    }

    /// The kind of failure.
    public let code: Code
    /// A sentence for an operator.
    public let message: String
    /// The AMQP reply code when the broker gave one, for example 404.
    public let replyCode: UInt16?
    /// The exchange or queue concerned, where one is known.
    public let object: String?
    /// The argument in which a declaration differs, for example `x-dead-letter-exchange`.
    public let argument: String?

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: A sentence without secrets.
    ///   - replyCode: The AMQP reply code, if any.
    ///   - object: The exchange or queue concerned, if known.
    ///   - argument: The argument that differs, if known.
    public init(
        _ code: Code, _ message: String, replyCode: UInt16? = nil, object: String? = nil, argument: String? = nil
    ) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
        self.object = object
        self.argument = argument
    }

    /// What a caller may do about it; follows from `code`.
    public var retryability: Retryability {
        switch code {
        case .connectionLost, .confirmTimeout, .channelClosed, .timedOut, .cancelled, .protocolViolation:
            .outcomeUnknown
        case .hostUnreachable, .nacked, .blocked, .notConnected, .systemResources, .resourceLocked:
            .transient
        case .invalidConfiguration, .tlsFailed, .authenticationRefused, .virtualHostRefused, .accessRefused,
            .notFound, .exchangeMissing, .preconditionFailed, .messageRefused, .closed:
            .permanent
        }
    }

    /// `message`.
    public var description: String { message }
}

import ImageModel
import JobMessages
import Logging
import LongshoreSettings
import RabbitMQ
import Worker

/// Publishes job messages and, when asked to, waits for their ends.
struct JobSender {
    private let access: BrokerAccess
    /// Told only where somebody wants to know: a broker that knows its users by other names would refuse it.
    private let user: String?

    init(_ settings: Settings, logger: Logger) throws(CommandTrouble) {
        access = try BrokerAccess(settings.broker, role: "command", logger: logger)
        user = settings.publishers.isEmpty ? nil : access.userID
    }

    /// Publishes messages, each confirmed by the broker and routed to a queue.
    func send(_ messages: [JobMessage]) async throws {
        try await access.requireReachable()
        try await access.withPublisher { publisher in
            for message in messages { try await publish(message, through: publisher) }
        }
    }

    /// Publishes a message and follows the job's events until it has ended.
    ///
    /// The events are bound before the message is sent, so none is missed.
    func sendAndFollow(
        _ message: JobMessage, timeout: Duration?, onSent: @escaping @Sendable () -> Void,
        onEvent: @escaping @Sendable (ReceivedEvent) -> Void
    ) async throws -> ReceivedEvent {
        try await access.requireReachable()
        return try await withDeadline(timeout) { [access] in
            let feed = try EventFeed(access)
            let gap: @Sendable () throws -> Void = {
                throw CommandTrouble(
                    .brokerUnreachable,
                    "broker: the connection was lost, and with it events; see `longshore jobs show \(message.messageID)`"
                )
            }
            return try await feed.withEvents(matching: ["#"], onGap: gap) { events in
                try await access.withPublisher { try await publish(message, through: $0) }
                onSent()
                while let (event, _) = await events.next() {
                    guard event.jobID == message.messageID else { continue }
                    onEvent(event)
                    if event.phase?.isTerminal == true || event.isRejection { return event }
                }
                throw CommandTrouble(
                    .brokerUnreachable, "\(access.names.events): the events ended before job \(message.messageID) did")
            }
        }
    }

    private func publish(_ message: JobMessage, through publisher: RabbitMQPublisher) async throws {
        do throws(RabbitMQError) {
            guard try await publisher.publish(OutgoingMessage(message, to: access.names, as: user)) == .routed else {
                throw RabbitMQError(
                    .notFound,
                    "No queue takes \(message.routingKey) jobs: run `longshore topology declare` or a worker.")
            }
        } catch {
            guard error.code == .exchangeMissing else { throw CommandTrouble(error) }
            throw CommandTrouble(
                .brokerUnreachable,
                "broker: there is no exchange \"\(access.names.jobs)\": run `longshore topology declare` or a worker")
        }
    }

    private func withDeadline<Result: Sendable>(
        _ timeout: Duration?, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let timeout else { return try await body() }
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw CommandTrouble(
                    .timeout, "the job had not ended after \(timeout); it goes on without this command")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

extension ReceivedEvent {
    /// Whether it says that a message was no job.
    var isRejection: Bool {
        if case .rejected? = topic { true } else { false }
    }
}

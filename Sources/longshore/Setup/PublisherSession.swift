import RabbitMQ

extension BrokerAccess {
    /// Lends a publisher whose connection is kept while `body` runs.
    func withPublisher<Result: Sendable>(
        _ body: @Sendable (RabbitMQPublisher) async throws -> Result
    ) async throws -> Result {
        let publisher: RabbitMQPublisher
        do throws(RabbitMQError) {
            publisher = try RabbitMQPublisher(configuration: configuration)
        } catch {
            throw CommandTrouble(error)
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            defer { group.cancelAll() }
            return try await body(publisher)
        }
    }
}

import ImageModel
import JobMessages
import Logging

/// Carries progress events, which may be lost: the newest few are kept while the broker is slow.
struct ProgressFeed<Exchange: EventExchange>: Sendable {
    let exchange: Exchange
    let encoder: CloudEventEncoder
    let logger: Logger
    private let stream: AsyncStream<ImageEvent>
    private let continuation: AsyncStream<ImageEvent>.Continuation

    init(exchange: Exchange, encoder: CloudEventEncoder, logger: Logger) {
        self.exchange = exchange
        self.encoder = encoder
        self.logger = logger
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// Takes an event; never waits.
    func announce(_ event: ImageEvent) {
        continuation.yield(event)
    }

    /// Publishes until the task is cancelled.
    func run() async {
        for await event in stream {
            do throws(EventExchangeError) {
                _ = try await exchange.publish(encoder.encode(event))
            } catch {
                logger.debug("A progress event was lost", metadata: ["error": "\(error)"])
            }
        }
    }
}

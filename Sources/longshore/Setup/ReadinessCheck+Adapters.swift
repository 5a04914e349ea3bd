import Catalog
import ImageStore
import RabbitMQ
import Worker

/// What a worker needs of each of its adapters, as `/readyz` names them.
extension ReadinessCheck {
    /// The broker, on the connections that the worker has.
    static func broker(consumer: RabbitMQConsumer?, publisher: RabbitMQPublisher?) -> Self {
        Self("broker") {
            if let consumer, await !consumer.isConnected { return "not connected" }
            guard let publisher else { return nil }
            guard await publisher.isConnected else { return "not connected" }
            return await publisher.isBlocked ? "publishing is blocked" : nil
        }
    }

    /// The catalog.
    static func catalog(_ catalog: ImageCatalog) -> Self {
        Self("catalog") {
            do throws(CatalogError) {
                _ = try await catalog.read { try $0.catalogID() }
                return nil
            } catch {
                return error.message
            }
        }
    }

    /// A store, which a worker can do without as long as it has another.
    static func store(_ store: any ImageStore) -> Self {
        Self("store.\(store.name)", isEssential: false) {
            do throws(StoreError) {
                _ = try await store.freeBytes()
                return nil
            } catch {
                return error.message
            }
        }
    }
}

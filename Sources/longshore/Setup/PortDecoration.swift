package import Catalog
package import ImageSource
package import ImageStore
package import Worker

/// What is put around the adapters of a worker: nothing, or something that watches or disturbs what passes through.
package protocol PortDecoration: Sendable {
    /// The decorated intake queues.
    associatedtype Queues: JobQueues
    /// The decorated exchanges.
    associatedtype Exchange: EventExchange

    func decorate(_ database: any CatalogDatabase) -> any CatalogDatabase
    func decorate(_ store: any ImageStore) -> any ImageStore
    func decorate(_ source: any ImageSource) -> any ImageSource
    func decorate(_ queues: BrokerJobQueues) -> Queues
    func decorate(_ exchange: BrokerEventExchange) -> Exchange
}

/// The adapters as they are.
struct Undecorated: PortDecoration {
    func decorate(_ database: any CatalogDatabase) -> any CatalogDatabase { database }
    func decorate(_ store: any ImageStore) -> any ImageStore { store }
    func decorate(_ source: any ImageSource) -> any ImageSource { source }
    func decorate(_ queues: BrokerJobQueues) -> BrokerJobQueues { queues }
    func decorate(_ exchange: BrokerEventExchange) -> BrokerEventExchange { exchange }
}

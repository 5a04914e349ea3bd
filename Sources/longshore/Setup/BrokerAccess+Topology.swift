import Catalog
import ImageModel
import Logging
import LongshoreSettings
import RabbitMQ
import Worker

extension BrokerAccess {
    /// What declares again what gets lost while a worker runs; nil when nothing is to be declared.
    func topologyKeeper(
        _ mode: Settings.Topology, for catalog: ImageCatalog, logger: Logger
    ) async throws(CatalogError) -> TopologyKeeper? {
        guard mode == .declare else { return nil }
        let id = try await catalog.read { try $0.catalogID() }
        var configuration = configuration
        configuration.name = "longshore topology"
        return TopologyKeeper(
            configuration: configuration, topology: .longshore(names, queues: queueKind, catalog: id), logger: logger)
    }

    /// Declares what is missing, or only compares, as configured; returns sentences about what could not be compared.
    func prepareTopology(
        _ mode: Settings.Topology, for catalog: ImageCatalog
    ) async throws(CommandTrouble) -> [String] {
        do {
            let id = try await catalog.read { try $0.catalogID() }
            let topology = Topology.longshore(names, queues: queueKind, catalog: id)
            switch mode {
            case .declare:
                try await RabbitMQTopology.declare(configuration, topology)
                return []
            case .verify:
                return try await RabbitMQTopology.verify(configuration, topology)
            }
        } catch let error as CatalogError {
            throw CommandTrouble(error)
        } catch let error as RabbitMQError {
            throw topologyTrouble(error)
        } catch {
            throw CommandTrouble(.usage, "\(error)")
        }
    }

    private func topologyTrouble(_ error: RabbitMQError) -> CommandTrouble {
        switch error.code {
        case .preconditionFailed where error.object == names.catalog:
            CommandTrouble(
                .usage,
                "broker: the queues under \"\(names.prefix)\" belong to another catalog; use another broker.prefix, or "
                    + "point catalog.url at that catalog")
        case .preconditionFailed, .notFound, .accessRefused:
            CommandTrouble(.usage, "broker: \(error.message)")
        default: CommandTrouble(error)
        }
    }
}

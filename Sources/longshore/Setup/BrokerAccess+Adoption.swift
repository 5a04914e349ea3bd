import Catalog
import ImageModel
import RabbitMQ
import Worker

extension BrokerAccess {
    /// Makes a catalog the owner of the queues: replaces the exchange that names the owner.
    ///
    /// - Parameter isConfirmed: Whether the owner that is there may lose the queues.
    /// - Returns: false when the catalog was the owner already.
    func adoptTopology(for catalog: CatalogID, isConfirmed: Bool) async throws(CommandTrouble) -> Bool {
        let (names, kind) = (names, queueKind)
        let owner = Topology.longshore(names, queues: kind, catalog: catalog).exchanges.filter {
            $0.name == names.catalog
        }
        do throws(RabbitMQError) {
            switch try await ownership(Topology(exchanges: owner)) {
            case .ours: return false
            case .nobody: break
            case .stranger:
                guard isConfirmed else {
                    throw RabbitMQError(
                        .preconditionFailed,
                        "the queues under \"\(names.prefix)\" belong to another catalog; --yes hands them over")
                }
            }
            try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
                try await Self.requireNoConsumers(names, admin)
                try await admin.deleteExchange(names.catalog)
                try await admin.declare(Topology(exchanges: owner))
            }
            return true
        } catch {
            switch error.code {
            case .preconditionFailed, .accessRefused: throw CommandTrouble(.usage, "broker: \(error.message)")
            default: throw CommandTrouble(error)
            }
        }
    }

    private enum Ownership {
        case ours
        case nobody
        case stranger
    }

    private func ownership(_ owner: Topology) async throws(RabbitMQError) -> Ownership {
        do throws(RabbitMQError) {
            _ = try await RabbitMQTopology.verify(configuration, owner)
            return .ours
        } catch {
            switch error.code {
            case .notFound: return .nobody
            case .preconditionFailed: return .stranger
            default: throw error
            }
        }
    }

    /// Whoever consumes now would put what it takes into the catalog that is left.
    private static func requireNoConsumers(
        _ names: BrokerNames, _ admin: RabbitMQAdmin
    ) async throws(RabbitMQError) {
        for kind in JobKind.allCases {
            let consumers: Int
            do throws(RabbitMQError) {
                consumers = try await admin.queueStatus(names.intake(kind)).consumers
            } catch {
                guard error.code == .notFound else { throw error }
                continue
            }
            guard consumers == 0 else {
                throw RabbitMQError(
                    .preconditionFailed,
                    "\(consumers) workers consume from \(names.intake(kind)); stop those of the other catalog first")
            }
        }
    }
}

extension ImageCatalog {
    /// The catalog's id.
    func identity() async throws(CommandTrouble) -> CatalogID {
        do throws(CatalogError) {
            return try await read { try $0.catalogID() }
        } catch {
            throw CommandTrouble(error)
        }
    }
}

public import ImageModel
public import RabbitMQ

/// The objects on the broker, by their names in CONTRACT section 1.
public struct BrokerNames: Sendable, Hashable {
    /// `broker.prefix`.
    public let prefix: String

    /// The names under a prefix.
    public init(prefix: String) {
        self.prefix = prefix
    }

    /// The topic exchange jobs are published to.
    public var jobs: String { "\(prefix).jobs" }
    /// The topic exchange events are published to.
    public var events: String { "\(prefix).events" }
    /// The fanout exchange of dead letters, and the queue bound to it.
    public var dead: String { "\(prefix).dead" }
    /// The exchange whose argument names the catalog the queues belong to.
    public var catalog: String { "\(prefix).catalog" }

    /// The intake queue of a kind of job.
    public func intake(_ kind: JobKind) -> String { "\(prefix).\(kind.rawValue)" }

    /// The kind of job an intake queue is for.
    func kind(ofIntake queue: String) -> JobKind? {
        JobKind.allCases.first { intake($0) == queue }
    }
}

extension Topology {
    /// Everything Longshore needs on the broker.
    ///
    /// - Parameter catalog: The catalog that will own the queues; nil leaves that exchange out.
    public static func longshore(_ names: BrokerNames, queues kind: Queue.Kind, catalog: CatalogID?) -> Topology {
        var exchanges = [
            Exchange(names.jobs, .topic), Exchange(names.events, .topic), Exchange(names.dead, .fanout),
        ]
        if let catalog {
            exchanges.append(
                Exchange(names.catalog, .fanout, arguments: ["alternate-exchange": .string(catalog.rawValue)]))
        }
        let intake = JobKind.allCases.map { Queue(names.intake($0), kind, arguments: arguments(names, kind)) }
        let bindings = JobKind.allCases.map {
            Binding(queue: names.intake($0), exchange: names.jobs, routingKey: $0.rawValue)
        }
        return Topology(
            exchanges: exchanges, queues: [Queue(names.dead, kind)] + intake,
            bindings: [Binding(queue: names.dead, exchange: names.dead)] + bindings)
    }

    private static func arguments(_ names: BrokerNames, _ kind: Queue.Kind) -> FieldTable {
        var arguments: FieldTable = ["x-dead-letter-exchange": .string(names.dead)]
        if kind == .quorum {
            arguments["x-dead-letter-strategy"] = "at-least-once"
            arguments["x-overflow"] = "reject-publish"
        }
        return arguments
    }
}

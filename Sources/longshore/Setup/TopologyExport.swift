import JobMessages
import RabbitMQ
import Worker

/// The topology in the words of those who set brokers up: RabbitMQ itself, and its Messaging Topology Operator.
struct TopologyExport {
    let topology: Topology
    let names: BrokerNames
    let virtualHost: String

    /// The name of the exported policy.
    private var policyName: String { "\(names.prefix).delivery-limit" }

    /// From RabbitMQ 4 on, quorum queues drop or dead-letter what came back twenty times, and every outage of the catalog
    /// gives messages back. No older version knows a value for "never", so this is one that is never reached.
    private static let deliveryLimit: JSONValue = 1_000_000

    /// The pattern that matches the queues and nothing else.
    private var policyPattern: String {
        let prefix = names.prefix.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? "\($0)" : "\\\($0)" }
        let suffixes = topology.queues.map { String($0.name.dropFirst(names.prefix.count + 1)) }.sorted()
        return "^\(prefix.joined())\\.(\(suffixes.joined(separator: "|")))$"
    }
}

// MARK: - Definitions

extension TopologyExport {
    /// What `rabbitmqctl import_definitions` and `load_definitions` read.
    var definitions: JSONValue {
        let place: (String, JSONValue) = ("vhost", .string(virtualHost))
        return [
            "vhosts": [["name": .string(virtualHost)]],
            "exchanges": .array(
                topology.exchanges.map { exchange in
                    [
                        place, ("name", .string(exchange.name)), ("type", .string(exchange.kind.rawValue)),
                        ("durable", .bool(exchange.durable)), ("auto_delete", false), ("internal", false),
                        ("arguments", Self.json(exchange.arguments)),
                    ].object
                }),
            "queues": .array(
                topology.queues.map { queue in
                    let type: FieldTable = ["x-queue-type": .string(queue.kind.rawValue)]
                    return [
                        place, ("name", .string(queue.name)), ("durable", .bool(queue.durable)),
                        ("auto_delete", false),
                        ("arguments", Self.json(queue.arguments.merging(type) { _, type in type })),
                    ].object
                }),
            "bindings": .array(
                topology.bindings.map { binding in
                    [
                        place, ("source", .string(binding.exchange)), ("destination", .string(binding.queue)),
                        ("destination_type", "queue"), ("routing_key", .string(binding.routingKey)),
                        ("arguments", Self.json(binding.arguments)),
                    ].object
                }),
            "policies": [
                [
                    place, ("name", .string(policyName)), ("pattern", .string(policyPattern)), ("apply-to", "queues"),
                    ("definition", ["delivery-limit": Self.deliveryLimit]), ("priority", 0),
                ].object
            ],
        ]
    }

    /// Arguments of queues and exchanges in JSON, in the order of their names.
    private static func json(_ table: FieldTable) -> JSONValue {
        table.sorted { $0.key < $1.key }.map { name, value in
            let json: JSONValue =
                switch value {
                case .string(let text): .string(text)
                case .boolean(let flag): .bool(flag)
                default: .optional(value.integerValue)
                }
            return (name, json)
        }.object
    }
}

// MARK: - Manifests

extension TopologyExport {
    /// A `List` of manifests for the Messaging Topology Operator, as `kubectl apply -f -` takes it.
    ///
    /// - Parameter cluster: The name of the `RabbitmqCluster`.
    func manifests(cluster: String) -> JSONValue {
        let exchanges = topology.exchanges.map { exchange in
            manifest(
                "Exchange", exchange.name + ".exchange", cluster,
                [
                    ("name", .string(exchange.name)), ("type", .string(exchange.kind.rawValue)),
                    ("durable", .bool(exchange.durable)), ("autoDelete", false),
                    ("arguments", Self.json(exchange.arguments)),
                ])
        }
        let queues = topology.queues.map { queue in
            manifest(
                "Queue", queue.name + ".queue", cluster,
                [
                    ("name", .string(queue.name)), ("type", .string(queue.kind.rawValue)),
                    ("durable", .bool(queue.durable)), ("autoDelete", false),
                    ("arguments", Self.json(queue.arguments)),
                ])
        }
        let bindings = topology.bindings.map { binding in
            manifest(
                "Binding", binding.queue + ".binding", cluster,
                [
                    ("source", .string(binding.exchange)), ("destination", .string(binding.queue)),
                    ("destinationType", "queue"), ("routingKey", .string(binding.routingKey)),
                ])
        }
        let policy = manifest(
            "Policy", policyName, cluster,
            [
                ("name", .string(policyName)), ("pattern", .string(policyPattern)), ("applyTo", "queues"),
                ("definition", ["delivery-limit": Self.deliveryLimit]),
            ])
        return ["apiVersion": "v1", "kind": "List", "items": .array(exchanges + queues + bindings + [policy])]
    }

    private func manifest(
        _ kind: String, _ name: String, _ cluster: String, _ members: [(String, JSONValue)]
    ) -> JSONValue {
        let place: [(String, JSONValue)] = [
            ("vhost", .string(virtualHost)), ("rabbitmqClusterReference", ["name": .string(cluster)]),
        ]
        return [
            "apiVersion": "rabbitmq.com/v1beta1", "kind": .string(kind),
            "metadata": ["name": .string(Self.resourceName(name))], "spec": (place + members).object,
        ]
    }

    /// A name as Kubernetes allows it (RFC 1123 subdomain).
    private static func resourceName(_ name: String) -> String {
        String(name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" })
    }
}

extension [(String, JSONValue)] {
    /// An object with these members in this order.
    fileprivate var object: JSONValue {
        .object(JSONObject(map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }
}

/// Where jobs come from and events go, and the name of the whole.
enum BrokerKeys {
    static let cluster = SettingKey(
        "cluster", .name(atMost: 64), default: "default", "Names this installation in the `source` of its events.")
    static let url = SettingKey(
        "broker.url", each: .url("amqp", "amqps", example: "amqps://user:password@host:5671/vhost"),
        default: [ServiceURL("amqp://guest:guest@127.0.0.1:5672/")],
        "RabbitMQ nodes of one cluster, tried in turn.")
    static let authority = SettingKey<String?>(
        "broker.tls.ca", .path, "Certificates of the authorities to trust for `amqps`, PEM.")
    static let certificate = SettingKey<String?>(
        "broker.tls.certificate", .path, "Client certificate to present, PEM.")
    static let key = SettingKey<String?>("broker.tls.key", .path, "Private key of the client certificate, PEM.")
    static let prefix = SettingKey(
        "broker.prefix", .name(atMost: 100), default: "longshore", "Begins the name of every exchange and queue.")
    static let topology = SettingKey(
        "broker.topology", .word(), default: Settings.Topology.declare,
        "Whether to create missing exchanges and queues or only to compare them.")
    static let queueType = SettingKey(
        "broker.queue_type", .word(), default: Settings.QueueType.quorum, "Type of the intake queues.")

    static let all: [any ConfigurationKey] = [
        cluster, url, authority, certificate, key, prefix, topology, queueType,
    ]
}

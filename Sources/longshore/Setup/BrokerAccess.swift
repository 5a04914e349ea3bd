import ImageModel
import JobMessages
import Logging
import LongshoreSettings
import RabbitMQ
import Worker

/// How this installation reaches its broker.
struct BrokerAccess: Sendable {
    let configuration: ConnectionConfiguration
    let names: BrokerNames
    let queueKind: Topology.Queue.Kind

    init(_ settings: Settings.Broker, role: String, logger: Logger) throws(CommandTrouble) {
        do throws(RabbitMQError) {
            var endpoints: [BrokerEndpoint] = []
            for url in settings.urls { endpoints.append(try BrokerEndpoint(parsing: url.revealed)) }
            var tls = TLSConfiguration()
            tls.certificateAuthority = settings.tls.authority
            if let certificate = settings.tls.certificate, let key = settings.tls.key {
                tls.identity = TLSConfiguration.Identity(certificate: certificate, key: key)
            }
            configuration = ConnectionConfiguration(
                endpoints: endpoints, tls: tls, name: "longshore \(role)", logger: logger)
        } catch {
            throw CommandTrouble(error)
        }
        names = BrokerNames(prefix: settings.prefix)
        queueKind = settings.queueType == .quorum ? .quorum : .classic
    }

    /// Fails at once, with the reason, when no broker of the list can be reached.
    func requireReachable() async throws(CommandTrouble) {
        do throws(RabbitMQError) {
            try await RabbitMQAdmin.withSession(configuration) { _ throws(RabbitMQError) in }
        } catch {
            throw CommandTrouble(error)
        }
    }
}

extension OutgoingMessage {
    /// A job on its way to the jobs exchange.
    init(_ job: JobMessage, to names: BrokerNames) {
        var properties = MessageProperties()
        properties.contentType = JobMessage.contentType
        properties.messageID = job.messageID
        properties.deliveryMode = .persistent
        properties.priority = job.priority.flatMap(UInt8.init(exactly:))
        self.init(exchange: names.jobs, routingKey: job.routingKey, properties: properties, body: job.body)
    }
}

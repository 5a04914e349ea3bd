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

    /// The user as whom every broker of the list is logged in to by password; the broker checks it as `user_id`.
    var userID: String? {
        let users = configuration.endpoints.map { endpoint in
            if case .plain(let user, _) = endpoint.login { user } else { "" }
        }
        guard let first = users.first, !first.isEmpty, users.allSatisfy({ $0 == first }) else { return nil }
        return first
    }

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
    ///
    /// - Parameter user: Who publishes it, for brokers and workers that want to know.
    init(_ job: JobMessage, to names: BrokerNames, as user: String?) {
        var properties = MessageProperties()
        properties.contentType = JobMessage.contentType
        properties.messageID = job.messageID
        properties.deliveryMode = .persistent
        properties.userID = user
        properties.priority = job.priority.flatMap(UInt8.init(exactly:))
        self.init(exchange: names.jobs, routingKey: job.routingKey, properties: properties, body: job.body)
    }
}

/// One broker address, as written in an `amqp://` or `amqps://` URL.
///
/// `amqp://user:password@host:port/vhost?auth_mechanism=external`, after the RabbitMQ URI specification. Absent parts
/// mean: user and password `guest`, port 5672 (5671 under TLS), virtual host `/`. Unlike that specification an empty
/// path (`amqp://host/`) also means `/`, because nobody has a virtual host with an empty name.
public struct BrokerEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// How the client proves who it is.
    public enum Login: Sendable, Hashable, CustomStringConvertible {
        /// SASL PLAIN.
        case plain(user: String, password: String)
        /// SASL EXTERNAL: the broker takes the identity from the client's certificate.
        case external

        /// The mechanism and user; never the password.
        public var description: String {
            switch self {
            case .plain(let user, _): "PLAIN as \(user)"
            case .external: "EXTERNAL"
            }
        }
    }

    /// Host name or IP address, an IPv6 address without brackets.
    public let host: String
    /// TCP port.
    public let port: UInt16
    /// Virtual host.
    public let virtualHost: String
    /// Whether the connection uses TLS.
    public let usesTLS: Bool
    /// How the client logs in.
    public let login: Login

    /// Makes an endpoint from its parts.
    ///
    /// - Parameters:
    ///   - host: Host name or IP address.
    ///   - port: TCP port; 5672, or 5671 under TLS, when absent.
    ///   - virtualHost: Virtual host.
    ///   - usesTLS: Whether the connection uses TLS.
    ///   - login: How the client logs in.
    public init(
        host: String, port: UInt16? = nil, virtualHost: String = "/", usesTLS: Bool = false,
        login: Login = .plain(user: "guest", password: "guest")
    ) {
        self.host = host
        self.port = port ?? (usesTLS ? 5671 : 5672)
        self.virtualHost = virtualHost
        self.usesTLS = usesTLS
        self.login = login
    }

    /// `host:port`, for sentences.
    public var authority: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The URL without user and password.
    public var description: String {
        "\(usesTLS ? "amqps" : "amqp")://\(authority)/\(virtualHost == "/" ? "" : virtualHost)"
    }

    /// Whether `host` is an IPv4 or IPv6 address instead of a name.
    var isAddressLiteral: Bool {
        host.contains(":") || host.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    }
}

extension BrokerEndpoint.Login: CustomReflectable {
    /// What `dump` and debuggers show; never the password.
    public var customMirror: Mirror { Mirror(self, children: ["login": description]) }
}

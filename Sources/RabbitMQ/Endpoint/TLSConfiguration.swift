/// TLS settings for `amqps://` endpoints. TLS 1.2 is the oldest version accepted.
public struct TLSConfiguration: Sendable, Hashable {
    /// A PEM file of certificate authorities to trust; the system's when absent.
    public var certificateAuthority: String?
    /// The client's certificate and private key; none when absent.
    public var identity: Identity?
    /// Whether the certificate must name the host. Only DNS names can be checked: librabbitmq 0.11 ignores IP
    /// addresses in certificates, so an `amqps` URL with an IP address is refused while this is on.
    public var verifiesHostName: Bool

    /// A client's certificate.
    public struct Identity: Sendable, Hashable {
        /// A PEM file with the certificate and the chain behind it.
        public var certificate: String
        /// A PEM file with the private key, not encrypted.
        public var key: String

        /// Makes an identity.
        ///
        /// - Parameters:
        ///   - certificate: A PEM file with the certificate and its chain.
        ///   - key: A PEM file with the private key.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Makes TLS settings.
    ///
    /// - Parameters:
    ///   - certificateAuthority: A PEM file of authorities to trust; the system's when absent.
    ///   - identity: The client's certificate and key, if any.
    ///   - verifiesHostName: Whether the certificate must name the host.
    public init(
        certificateAuthority: String? = nil, identity: Identity? = nil, verifiesHostName: Bool = true
    ) {
        self.certificateAuthority = certificateAuthority
        self.identity = identity
        self.verifiesHostName = verifiesHostName
    }
}

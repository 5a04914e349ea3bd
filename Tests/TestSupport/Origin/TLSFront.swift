import Glibc

/// TLS in front of an ``Origin``, with a certificate made for the occasion: the same script, served over https.
public final class TLSFront: Sendable {
    /// What the certificate is like.
    public enum Certificate: Sendable {
        /// For `localhost` and 127.0.0.1; valid for whoever trusts ``TLSFront/caFile``.
        case valid
        /// For another host.
        case wrongHost
        /// Valid until yesterday.
        case expired
    }

    /// The port it listens on, at 127.0.0.1.
    public let port: UInt16
    /// The certificate, which signed itself: trust it to accept this front.
    public let caFile: String

    private let directory: String
    private let child: ChildProcess

    /// Starts to listen; needs `openssl` and `python3` on the path.
    public init(before origin: Origin, certificate: Certificate = .valid) throws {
        var template = Array("/tmp/longshore-tls-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemCallError("mkdtemp") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        caFile = "\(directory)/certificate.pem"
        try Self.makeCertificate(certificate, in: directory)
        child = try ChildProcess(
            "python3", ["-c", Self.program, caFile, "\(directory)/key.pem", "\(origin.port)"])
        guard let port = child.firstLine().flatMap({ UInt16($0) }) else { throw SystemCallError("TLS front") }
        self.port = port
    }

    deinit {
        for name in ["certificate.pem", "key.pem", "request.pem"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }

    /// Where a path of the origin is found.
    public func url(_ path: String) -> String { "https://127.0.0.1:\(port)\(path)" }

    /// The `host:port` that must be exempt from the address rule.
    public var rule: String { "127.0.0.1:\(port)" }

    private static func makeCertificate(_ certificate: Certificate, in directory: String) throws {
        let names = certificate == .wrongHost ? "DNS:other.example" : "DNS:localhost,IP:127.0.0.1"
        try ChildProcess(
            "openssl",
            [
                "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=longshore-test", "-addext", "subjectAltName=\(names)", "-keyout", "\(directory)/key.pem", "-out",
                "\(directory)/request.pem",
            ]
        ).waitForEnd()
        try ChildProcess(
            "openssl",
            [
                "x509", "-req", "-in", "\(directory)/request.pem", "-signkey", "\(directory)/key.pem", "-days",
                certificate == .expired ? "-1" : "2", "-copy_extensions", "copy", "-out",
                "\(directory)/certificate.pem",
            ]
        ).waitForEnd()
    }

    /// One request a connection: the head goes to the origin, its answer comes back until the origin closes.
    private static let program = """
        import os, socket, ssl, sys, threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        def serve(plain):
            try:
                with context.wrap_socket(plain, server_side=True) as client:
                    head = b""
                    while not head.endswith(b"\\r\\n\\r\\n"):
                        piece = client.recv(1)
                        if not piece: return
                        head += piece
                    with socket.create_connection(("127.0.0.1", int(sys.argv[3]))) as origin:
                        origin.sendall(head[:-2] + b"Connection: close\\r\\n\\r\\n")
                        while piece := origin.recv(65536): client.sendall(piece)
                    client.unwrap()
            except OSError:
                plain.close()
        def accept():
            while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        sys.stdin.read()
        os._exit(0)
        """
}

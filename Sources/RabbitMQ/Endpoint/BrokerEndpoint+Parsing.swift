extension BrokerEndpoint {
    /// Parses a broker URL.
    ///
    /// - Parameter text: An `amqp://` or `amqps://` URL.
    /// - Throws: `invalidConfiguration`, naming the part that is wrong and never quoting user or password.
    public init(parsing text: String) throws(RabbitMQError) {
        let (usesTLS, rest) = try Self.scheme(of: text)
        guard !rest.contains("#") else { throw Self.malformed("a fragment has no meaning here") }
        let (address, query) = rest.divided(at: "?")
        let (authority, path) = address.divided(at: "/")
        let host: Substring
        let user: Substring?
        if let at = authority.lastIndex(of: "@") {
            user = authority[..<at]
            host = authority[authority.index(after: at)...]
        } else {
            user = nil
            host = authority
        }
        let (name, port) = try Self.hostAndPort(host)
        self.init(
            host: name,
            port: port,
            virtualHost: try Self.virtualHost(path),
            usesTLS: usesTLS,
            login: try Self.login(user: user, query: query, usesTLS: usesTLS)
        )
    }

    private static func malformed(_ why: String) -> RabbitMQError {
        RabbitMQError(.invalidConfiguration, "Broker URL: \(why).")
    }

    private static func scheme(of text: String) throws(RabbitMQError) -> (usesTLS: Bool, rest: Substring) {
        for (prefix, usesTLS) in [("amqp://", false), ("amqps://", true)]
        where text.prefix(prefix.count).lowercased() == prefix {
            return (usesTLS, text.dropFirst(prefix.count))
        }
        throw malformed("it must start with amqp:// or amqps://")
    }

    private static func hostAndPort(_ text: Substring) throws(RabbitMQError) -> (String, UInt16?) {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw malformed("the IPv6 address lacks its ']'") }
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else { throw malformed("a ':' and a port must follow ']'") }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            guard !host.contains(":") else { throw malformed("an IPv6 address needs brackets") }
        }
        guard !host.isEmpty else { throw malformed("the host is missing") }
        guard !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else {
            throw malformed("the host contains blanks or control characters")
        }
        let name = try decoded(host, part: "host")
        guard let port else { return (name, nil) }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0 else {
            throw malformed("the port must be a number from 1 to 65535")
        }
        return (name, number)
    }

    private static func virtualHost(_ path: Substring?) throws(RabbitMQError) -> String {
        guard let path, !path.isEmpty else { return "/" }
        guard !path.contains("/") else {
            throw malformed("the virtual host must be one path segment; write a slash in its name as %2F")
        }
        return try decoded(path, part: "virtual host")
    }

    private static func login(
        user: Substring?, query: Substring?, usesTLS: Bool
    ) throws(RabbitMQError) -> Login {
        var external = false
        for parameter in (query ?? "").split(separator: "&") {
            let (name, value) = parameter.divided(at: "=")
            switch (name, value?.lowercased()) {
            case ("auth_mechanism", "external"): external = true
            case ("auth_mechanism", "plain"): external = false
            case ("auth_mechanism", _): throw malformed("auth_mechanism must be plain or external")
            default: throw malformed("the only query parameter known here is auth_mechanism")
            }
        }
        if external {
            guard usesTLS else { throw malformed("auth_mechanism=external needs amqps://") }
            guard user == nil else { throw malformed("auth_mechanism=external takes no user or password") }
            return .external
        }
        guard let user else { return .plain(user: "guest", password: "guest") }
        let (name, password) = user.divided(at: ":")
        guard let password else { throw malformed("the password is missing after the user name") }
        return .plain(
            user: try decoded(name, part: "user name"),
            password: try decoded(password, part: "password")
        )
    }

    private static func decoded(_ text: Substring, part: String) throws(RabbitMQError) -> String {
        var bytes: [UInt8] = []
        var input = text.utf8.makeIterator()
        while let byte = input.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = input.next().flatMap(hexDigit), let low = input.next().flatMap(hexDigit) else {
                throw malformed("the \(part) contains a '%' without two hexadecimal digits")
            }
            bytes.append(high << 4 | low)
        }
        guard let result = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw malformed("the \(part) is not UTF-8 text")
        }
        return result
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension Substring {
    /// What stands before and after the first `separator`; no second part when there is none.
    fileprivate func divided(at separator: Character) -> (Substring, Substring?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }
}

public import ImageModel

extension Settings {
    /// What is shown to a server, and to which servers it may be shown.
    public struct Credential: Sendable, Hashable {
        /// What a credential is made of, as `credentials.<name>.type` spells it.
        public enum Kind: String, Sendable, CaseIterable {
            /// `Authorization: Bearer …`
            case bearer
            /// `Authorization: Basic …`
            case basic
            /// A header of any name.
            case header
            /// Keys that sign S3 requests.
            case s3
        }

        /// The secret itself.
        public enum Content: Sendable, Hashable {
            /// `Authorization: Bearer …`
            case bearer(token: Secret)
            /// `Authorization: Basic …`
            case basic(username: String, password: Secret)
            /// A header of any name.
            case header(name: String, value: Secret)
            /// Keys that sign S3 requests.
            case s3(S3)
        }

        /// Keys of an S3 account.
        public struct S3: Sendable, Hashable {
            /// The access key id.
            public var accessKey: Secret
            /// The key that signs.
            public var secretKey: Secret
            /// Sent along with temporary keys.
            public var sessionToken: Secret?
            /// The service, when it is not AWS.
            public var endpoint: ServiceURL?
            /// The region to sign for.
            public var region: String?
        }

        /// The secret itself.
        public var content: Content
        /// URL prefixes to which it may be sent; never empty.
        public var urls: [String]
        /// Accounts whose jobs may use it; empty: all.
        public var owners: [AccountID]
        /// Profiles whose jobs may use it; empty: all.
        public var profiles: [String]

        static func all(reading reader: inout SettingsReader) -> [String: Credential] {
            var credentials: [String: Credential] = [:]
            for name in reader.names(below: "credentials") {
                let isNamed = reader.acceptsName(name, below: "credentials")
                let kind = reader.required(CredentialKeys.type, of: name, CredentialKeys.type.allowed)
                let urls = reader.value(CredentialKeys.urls, of: name)
                if urls.isEmpty, !reader.hasRejected(CredentialKeys.urls, of: name) {
                    reader.add("credentials.\(name).urls", "is missing: a credential says to which URLs it may go")
                }
                let owners = reader.nonEmpty(CredentialKeys.owners, of: name)
                let profiles = reader.nonEmpty(CredentialKeys.profiles, of: name)
                guard let content = Content(reading: &reader, of: name, kind), isNamed else { continue }
                credentials[name] = Credential(content: content, urls: urls, owners: owners, profiles: profiles)
            }
            return credentials
        }
    }
}

extension Settings.Credential.Content {
    /// Reads every part that is there; parts of another kind are problems, and so are missing ones of this.
    init?(reading reader: inout SettingsReader, of name: String, _ kind: Settings.Credential.Kind?) {
        typealias Keys = CredentialKeys
        let parts: [(Settings.Credential.Kind, [any ConfigurationKey])] = [
            (.bearer, [Keys.token]), (.basic, [Keys.username, Keys.password]), (.header, [Keys.header, Keys.value]),
            (.s3, [Keys.accessKey, Keys.secretKey, Keys.sessionToken, Keys.endpoint, Keys.region]),
        ]
        guard let kind else { return nil }
        for (owner, keys) in parts where owner != kind {
            for key in keys where reader.says(key, of: name) {
                reader.add(
                    key.path(named: name).joined(separator: "."),
                    "belongs to type \(owner.rawValue); this credential's type is \(kind.rawValue)")
            }
        }
        let why = "type \(kind.rawValue) needs it"
        switch kind {
        case .bearer:
            guard let token = reader.required(Keys.token, of: name, why) else { return nil }
            self = .bearer(token: token)
        case .basic:
            let username = reader.required(Keys.username, of: name, why)
            let password = reader.required(Keys.password, of: name, why)
            guard let username, let password else { return nil }
            self = .basic(username: username, password: password)
        case .header:
            let header = reader.required(Keys.header, of: name, why)
            let value = reader.required(Keys.value, of: name, why)
            guard let header, let value else { return nil }
            self = .header(name: header, value: value)
        case .s3:
            let accessKey = reader.required(Keys.accessKey, of: name, why)
            let secretKey = reader.required(Keys.secretKey, of: name, why)
            let sessionToken = reader.value(Keys.sessionToken, of: name)
            let endpoint = reader.value(Keys.endpoint, of: name)
            let region = reader.value(Keys.region, of: name)
            guard let accessKey, let secretKey else { return nil }
            self = .s3(
                .init(
                    accessKey: accessKey, secretKey: secretKey, sessionToken: sessionToken, endpoint: endpoint,
                    region: region))
        }
    }
}

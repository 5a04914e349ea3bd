/// The keys of an S3 account. Neither printing nor dumping shows them.
public struct S3Keys: Sendable, Hashable {
    /// The access key id; names the account and is sent in clear.
    public let accessKey: String
    /// The key that signs; never sent.
    public let secretKey: String
    /// Sent along with temporary keys.
    public let sessionToken: String?

    /// Keys from their parts.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

extension S3Keys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<keys>`, always.
    public var description: String { "<keys>" }
    /// `<keys>`, always.
    public var debugDescription: String { description }
    /// A mirror without children, so that `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

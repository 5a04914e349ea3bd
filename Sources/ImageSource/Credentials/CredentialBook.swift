public import ImageModel

/// The credentials that jobs may name, each with whose jobs may name it.
public struct CredentialBook: Sendable {
    /// A credential and its users.
    public struct Entry: Sendable {
        /// What is sent, and where to.
        public var credential: FetchCredential
        /// Accounts whose jobs may use it; empty: all.
        public var owners: Set<AccountID>
        /// Profiles whose jobs may use it; empty: all.
        public var profiles: Set<String>

        /// An entry from its parts.
        public init(credential: FetchCredential, owners: Set<AccountID> = [], profiles: Set<String> = []) {
            self.credential = credential
            self.owners = owners
            self.profiles = profiles
        }
    }

    /// Why a job may not use what it names.
    public struct Refusal: Error, Sendable, Equatable {
        /// `policy_denied` or `source_denied`.
        public let code: FailureCode
        /// One sentence, without the secret.
        public let message: String
        /// The rule that was broken, for a violation.
        public let rule: String
    }

    private let entries: [String: Entry]

    /// A book of these credentials, by name.
    public init(_ entries: [String: Entry] = [:]) {
        self.entries = entries
    }

    /// The credential `name` for a fetch of `url`.
    ///
    /// - Parameters:
    ///   - accounts: Every account in whose name the job speaks. All of them must be among the credential's owners.
    ///   - profile: The image's profile.
    /// - Throws: ``Refusal`` with `policy_denied` when there is no such credential for these accounts and this profile,
    ///   in the same words whether others may use one of that name or not; with `source_denied` when it may not be sent
    ///   to the URL.
    public func credential(
        _ name: String, for url: String, accounts: Set<AccountID>, profile: String?
    ) throws(Refusal) -> FetchCredential {
        guard let entry = entries[name], entry.isFor(accounts), entry.isFor(profile) else {
            throw Refusal(
                code: .policyDenied,
                message: "no credential \"\(name)\" is configured that this job's account and profile may use",
                rule: "names a configured credential that the job may use")
        }
        guard entry.credential.covers(url) else {
            throw Refusal(
                code: .sourceDenied,
                message: "the credential \"\(name)\" may not be sent to \(url): none of its urls covers that",
                rule: "names a credential whose urls cover the source")
        }
        return entry.credential
    }
}

extension CredentialBook.Entry {
    fileprivate func isFor(_ accounts: Set<AccountID>) -> Bool {
        owners.isEmpty || !accounts.isEmpty && accounts.isSubset(of: owners)
    }

    fileprivate func isFor(_ profile: String?) -> Bool {
        profiles.isEmpty || profile.map(profiles.contains) ?? false
    }
}

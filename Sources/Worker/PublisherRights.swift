public import ImageModel

/// What one RabbitMQ user may publish (`access.publishers.<user>`); nil restricts nothing.
public struct PublisherRights: Sendable, Hashable {
    /// Accounts in whose name the user may speak, and for whom it may make images.
    public var accounts: Set<AccountID>?
    /// Kinds of job.
    public var kinds: Set<JobKind>?
    /// Profiles that its imports may name.
    public var profiles: Set<String>?

    /// Rights from their parts.
    public init(accounts: Set<AccountID>? = nil, kinds: Set<JobKind>? = nil, profiles: Set<String>? = nil) {
        self.accounts = accounts
        self.kinds = kinds
        self.profiles = profiles
    }

    /// Everything in a request that the user may not ask for.
    func violations(of request: JobRequest) -> [Violation] {
        var violations: [Violation] = []
        func refuse(_ path: String, _ rule: String, _ value: String?) {
            violations.append(Violation(path: path, rule: rule, value: value ?? ""))
        }
        if let kinds, !kinds.contains(request.kind) {
            refuse("/kind", "is a kind that the publisher may send", request.kind.rawValue)
        }
        if let accounts {
            // Without an account a job speaks for the platform, which is more than any account.
            if !(request.actor?.account.map(accounts.contains) ?? false) {
                refuse(
                    "/actor/account", "is an account of the publisher", request.actor?.account?.rawValue)
            }
            for (path, account) in request.namedAccounts where !accounts.contains(account) {
                refuse(path, "is an account of the publisher", account.rawValue)
            }
        }
        if let profiles, let profile = request.namedProfile, !profiles.contains(profile) {
            refuse("/image/profile", "is a profile that the publisher may name", profile)
        }
        return violations
    }
}

extension WorkerPlan {
    /// Why a request may not come from a publisher; nil when it may.
    ///
    /// As soon as the rights of anybody are narrowed every message must carry the user that the broker checked: without
    /// it a narrowed publisher would only have to leave it out.
    func refusal(of request: JobRequest, from user: String?) -> Failure? {
        guard !publishers.isEmpty else { return nil }
        guard let user, !user.isEmpty else {
            return Failure(
                .policyDenied, "the property user_id is required: access.publishers narrows who may publish what",
                stage: .accepting,
                violations: [Violation(path: "", rule: "has the property user_id", value: "")])
        }
        guard let violations = publishers[user]?.violations(of: request), !violations.isEmpty else { return nil }
        let list = violations.map { "\($0.path) = \"\($0.value)\"" }.joined(separator: ", ")
        return Failure(
            .policyDenied, "the publisher \"\(user.prefix(64))\" may not ask for this: \(list)", stage: .accepting,
            violations: violations)
    }
}

extension JobRequest {
    /// Accounts that the request names besides its actor's, as owners of what it makes.
    fileprivate var namedAccounts: [(path: String, account: AccountID)] {
        switch work {
        case .import(let request): request.image.owner.map { [("/image/owner", $0)] } ?? []
        case .copy(let request): request.newImage?.owner.map { [("/to/image/owner", $0)] } ?? []
        case .share, .update, .delete, .cancel: []
        }
    }

    fileprivate var namedProfile: String? {
        if case .import(let request) = work { request.image.profile } else { nil }
    }
}

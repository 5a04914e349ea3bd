import ImageModel

/// Decides to which addresses a URL may lead, before anything is sent anywhere.
///
/// A name is resolved once. All its addresses are judged, and one that is refused spoils the answer: whoever mixes public
/// addresses with private ones tries something. The transfer is then held to the judged addresses, so a second answer
/// of the name server changes nothing.
struct AddressGuard: Sendable {
    private let policy: FetchPolicy
    private let rules: AddressPolicy
    private let resolver: any AddressResolver

    /// More addresses than these are judged but not tried.
    private static let addressLimit = 16

    init(_ policy: FetchPolicy, resolver: any AddressResolver) {
        self.policy = policy
        self.resolver = resolver
        rules = AddressPolicy(policy)
    }

    /// The addresses that may be connected to for `target`; none behind a proxy, which resolves by itself.
    ///
    /// - Parameter scheme: The scheme that was asked for, when it is not the target's.
    /// - Throws: ``SourceError`` with `source_denied` when one of them is refused, with `source_unavailable` when there is
    ///   none within the time to connect; `CancellationError`.
    func admit(_ target: FetchTarget, as scheme: String? = nil) async throws -> [IPAddress] {
        if let refusal = rules.refusal(scheme: scheme ?? target.scheme, host: target.host, port: target.port) {
            throw denial(of: target, refusal)
        }
        guard policy.proxy == nil else {
            if let refusal = rules.judgeBehindProxy(host: target.host, port: target.port) {
                throw denial(of: target, refusal)
            }
            return []
        }
        let addresses = try await addresses(of: target)
        for address in addresses {
            if let refusal = rules.judge(address: address, host: target.host, port: target.port) {
                throw denial(of: target, addresses.count > 1 ? "among other addresses, \(refusal)" : refusal)
            }
        }
        return Array(addresses.prefix(Self.addressLimit))
    }

    private func addresses(of target: FetchTarget) async throws -> [IPAddress] {
        if let address = IPAddress(target.host) { return [address] }
        let resolver = resolver
        let limit = policy.timeouts.connect
        do {
            return try await withThrowingTaskGroup(of: [IPAddress].self) { group in
                group.addTask { try await resolver.addresses(of: target.host) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw SourceError(
                        .sourceUnavailable, "the name was not resolved within \(limit)", isTransient: true)
                }
                defer { group.cancelAll() }
                return try await group.next() ?? []
            }
        } catch let error as SourceError {
            throw SourceError(error.code, "\(target): \(error.message)", isTransient: error.isTransient)
        }
    }

    private func denial(of target: FetchTarget, _ refusal: String) -> SourceError {
        SourceError(.sourceDenied, "\(target): \(refusal)")
    }
}

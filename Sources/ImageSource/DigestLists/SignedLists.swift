import Glibc
import ImageModel

/// Says of the lists of digests below some URLs that an OpenPGP key of a keyring must have signed them.
///
/// The signature lies inside the list (clear-signed) or beside it, under the list's URL with `.asc`, `.sig`, `.gpg` or
/// `.sign` behind. A list without one is refused: whoever can change the list can take the signature away too.
public struct SignedLists: Sendable {
    /// The largest signature that is read, in bytes.
    static let signatureLimit = 64 << 10

    private let prefixes: [FetchTarget]
    private let keyring: String

    /// Lists below `urls` need a signature by a key in the file `keyring`: a binary one, as `gpg --export` writes it.
    ///
    /// Nil when one of `urls` is no URL.
    public init?(urls: [String], keyring: String) {
        var prefixes: [FetchTarget] = []
        for url in urls {
            guard let prefix = try? FetchTarget(url: url, query: nil) else { return nil }
            prefixes.append(prefix)
        }
        self.prefixes = prefixes
        self.keyring = keyring
    }

    func cover(_ list: String) -> Bool {
        guard let target = try? FetchTarget(url: list, query: nil) else { return false }
        return prefixes.contains { $0.covers(target) }
    }

    /// The signed bytes of a list.
    ///
    /// - Parameter fetch: Fetches what lies at a URL.
    /// - Throws: ``SourceError`` with `verification_failed` when there is no good signature, else with the code of the
    ///   fetch.
    func verified(
        _ bytes: [UInt8], at list: String, fetch: (String) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        do throws(OpenPGPCheck.Problem) {
            if OpenPGPCheck.isClearSigned(bytes) {
                return try await OpenPGPCheck(keyring: keyring, content: .clearSigned(bytes)).run()
            }
        } catch {
            throw Self.refusal(list, error)
        }
        let signature = try await signature(of: list, fetch)
        do throws(OpenPGPCheck.Problem) {
            return try await OpenPGPCheck(keyring: keyring, content: .detached(bytes, signature: signature)).run()
        } catch {
            throw Self.refusal(list, error)
        }
    }

    private func signature(of list: String, _ fetch: (String) async throws -> [UInt8]) async throws -> [UInt8] {
        for suffix in [".asc", ".sig", ".gpg", ".sign"] {
            do {
                return try await fetch(list + suffix)
            } catch let error as SourceError where [.sourceNotFound, .sourceUnauthorized].contains(error.code) {
                // Object stores answer 403 for what is not there.
                continue
            }
        }
        throw SourceError(
            .verificationFailed, "the list \(list) must be signed, and there is no signature in it or beside it")
    }

    private static func refusal(_ list: String, _ problem: OpenPGPCheck.Problem) -> SourceError {
        SourceError(
            problem.isOurs ? .internal : .verificationFailed,
            "the signature of the list \(list) cannot be relied on: \(problem.reason)", isTransient: problem.isOurs)
    }
}

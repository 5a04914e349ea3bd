import Glibc

/// One question to gpgv(1): whether a key of a keyring signed some bytes.
struct OpenPGPCheck: Sendable {
    enum Content: Sendable {
        /// Bytes, and a signature that lies beside them.
        case detached([UInt8], signature: [UInt8])
        /// A message that has its signature inside (RFC 9580, section 7).
        case clearSigned([UInt8])
    }

    /// Why there is no good signature.
    struct Problem: Error, Equatable {
        let reason: String
        /// Whether it is this machine that failed, and not the signature.
        var isOurs = false
    }

    let keyring: String
    let content: Content

    static func isClearSigned(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: Array("-----BEGIN PGP SIGNED MESSAGE-----".utf8))
    }

    /// The bytes that are signed.
    @concurrent
    func run() async throws(Problem) -> [UInt8] {
        let verdict: Result<[UInt8], Problem> = await withCheckedContinuation { continuation in
            let started = DetachedThread.start { continuation.resume(returning: Result(catching: check)) }
            if !started {
                continuation.resume(returning: .failure(Problem(reason: "there is no thread for gpgv", isOurs: true)))
            }
        }
        return try verdict.get()
    }

    private func check() throws(Problem) -> [UInt8] {
        var inputs: [[UInt8]]
        switch content {
        case .detached(let bytes, let signature): inputs = [signature, bytes]
        case .clearSigned(let bytes): inputs = [bytes]
        }
        let answer = try GPGV.ask(keyring: keyring, inputs: inputs)
        let status = OpenPGPStatus(answer.status)
        switch content {
        case .detached(let bytes, _):
            // Others may have signed too, with keys that are not known here.
            guard status.isGood, status.plaintexts == 0 else { throw Problem(reason: status.reason) }
            return bytes
        case .clearSigned:
            // All of what comes out must be signed, and not only some of several messages.
            guard status.isGood, status.plaintexts == 1, answer.exitCode == 0 else {
                throw Problem(reason: status.reason)
            }
            return answer.output
        }
    }
}

/// What gpgv reports on its status channel (GnuPG's doc/DETAILS).
struct OpenPGPStatus: Equatable {
    private(set) var plaintexts = 0
    private var words: Set<String> = []

    init(_ text: String) {
        for line in text.split(separator: "\n") where line.hasPrefix("[GNUPG:] ") {
            let word = String(line.dropFirst("[GNUPG:] ".count).prefix { $0 != " " })
            words.insert(word)
            if word == "PLAINTEXT" { plaintexts += 1 }
        }
    }

    /// A signature by a key that is neither revoked nor expired, and none that is false.
    var isGood: Bool { words.isSuperset(of: ["GOODSIG", "VALIDSIG"]) && !words.contains("BADSIG") }

    /// Why not, in a few words.
    var reason: String {
        let reasons = [
            ("BADSIG", "it does not fit the list"), ("REVKEYSIG", "its key was revoked"),
            ("EXPKEYSIG", "its key has expired"), ("EXPSIG", "it has expired"),
            ("NO_PUBKEY", "its key is not in the keyring"), ("NODATA", "it is no OpenPGP signature"),
        ]
        return reasons.first { words.contains($0.0) }?.1 ?? "gpgv finds no good signature"
    }
}

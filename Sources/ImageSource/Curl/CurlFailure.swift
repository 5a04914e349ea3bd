import CCurl
import Glibc
import ImageModel

/// What libcurl said of a transfer that failed, and its meaning. Pure.
struct CurlFailure {
    /// The result code (libcurl-errors(3)).
    let code: CURLcode
    /// libcurl's sentence; without the URL.
    let detail: String
    /// The errno of the last system call, or 0.
    let systemError: Int

    /// The failure in our words.
    func sourceError(target: String, received: Int64, expected: Int64?) -> SourceError {
        let reason = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        switch code {
        case CURLE_PARTIAL_FILE:
            let length = expected.map { " of \($0)" } ?? ""
            return SourceError(
                .sourceTruncated, "\(target) ended after \(received)\(length) bytes", isTransient: true)
        case CURLE_SSL_CONNECT_ERROR where isHandshakeCut:
            return SourceError(.sourceUnavailable, "\(target): the TLS handshake was cut off", isTransient: true)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_CLIENTCERT:
            return SourceError(.sourceTLS, "\(target): \(reason)")
        case CURLE_UNSUPPORTED_PROTOCOL:
            // The URL's scheme was judged before: here it is the peer that does not speak HTTP.
            return SourceError(.sourceUnavailable, "\(target): \(reason)")
        case CURLE_OUT_OF_MEMORY:
            return SourceError(.internal, "\(target): libcurl is out of memory", isTransient: true)
        default:
            return SourceError(.sourceUnavailable, "\(target): \(reason)", isTransient: true)
        }
    }

    /// Whether the peer hung up in the middle of the handshake, as a dead back end behind a balancer does, instead of
    /// saying that it will not.
    private var isHandshakeCut: Bool {
        [ECONNRESET, EPIPE, ETIMEDOUT].contains(Int32(truncatingIfNeeded: systemError))
            || ["SSL_ERROR_SYSCALL", "unexpected eof"].contains { detail.contains($0) }
    }
}

import CCurl
import Glibc
import ImageModel
import Testing

@testable import ImageSource

@Suite("What libcurl's errors mean")
struct CurlFailureTests {
    @Test(
        "A result code becomes an error",
        arguments: [
            (CURLE_COULDNT_RESOLVE_HOST, .sourceUnavailable, true), (CURLE_COULDNT_CONNECT, .sourceUnavailable, true),
            (CURLE_OPERATION_TIMEDOUT, .sourceUnavailable, true), (CURLE_GOT_NOTHING, .sourceUnavailable, true),
            (CURLE_RECV_ERROR, .sourceUnavailable, true), (CURLE_SEND_ERROR, .sourceUnavailable, true),
            (CURLE_UNSUPPORTED_PROTOCOL, .sourceUnavailable, false), (CURLE_PARTIAL_FILE, .sourceTruncated, true),
            (CURLE_PEER_FAILED_VERIFICATION, .sourceTLS, false), (CURLE_SSL_CONNECT_ERROR, .sourceTLS, false),
            (CURLE_SSL_CACERT_BADFILE, .sourceTLS, false), (CURLE_OUT_OF_MEMORY, .internal, true),
        ] as [(CURLcode, FailureCode, Bool)])
    func codes(code: CURLcode, meaning: FailureCode, isTransient: Bool) {
        let error = CurlFailure(code: code, detail: "", systemError: 0)
            .sourceError(target: "http://h/", received: 1, expected: 2)
        #expect(error.code == meaning)
        #expect(error.isTransient == isTransient)
        #expect(error.message.hasPrefix("http://h/"))
    }

    @Test("A handshake that is cut off may work later; one that is refused may not")
    func handshakes() {
        func meaning(_ detail: String, _ systemError: Int32 = 0) -> SourceError {
            CurlFailure(code: CURLE_SSL_CONNECT_ERROR, detail: detail, systemError: Int(systemError))
                .sourceError(target: "https://h/", received: 0, expected: nil)
        }
        #expect(meaning("OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to h:443").isTransient)
        #expect(meaning("SSL routines::unexpected eof while reading").isTransient)
        #expect(meaning("", ECONNRESET).isTransient)
        #expect(meaning("SSL routines::wrong version number") == SourceError(.sourceTLS, ""))
    }
}

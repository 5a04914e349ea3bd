import CCurl
import Glibc

/// One call on the network thread, from its handle's making to its freeing. Used by that thread only.
final class RunningCall {
    private let call: Call
    private let done: @Sendable (Result<CallAnswer, CallFailure>) -> Void
    private var easy: UnsafeMutableRawPointer?
    private var fields: UnsafeMutablePointer<curl_slist>?
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var answer = CallAnswer()
    private var headBytes = 0
    private var isTooLong = false

    /// The most bytes of status line and fields that are read; a peer that sends more is cut off.
    private static let headLimit = 64 << 10

    var group: UInt64 { call.group == 0 ? .max : call.group }

    init(_ call: Call, _ done: @escaping @Sendable (Result<CallAnswer, CallFailure>) -> Void) {
        self.call = call
        self.done = done
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_slist_free_all(fields)
        errorBuffer.deallocate()
    }

    /// The call behind a handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> RunningCall? {
        var pointer: UnsafeMutableRawPointer?
        guard ccurl_get_private(easy, &pointer) == CURLE_OK, let pointer else { return nil }
        return Unmanaged<RunningCall>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Begins to connect.
    func start(on multi: UnsafeMutableRawPointer, _ manners: CallManners) throws(CallFailure) {
        guard let easy = curl_easy_init() else {
            throw CallFailure(reason: "libcurl gives no handle", isTransient: true)
        }
        self.easy = easy
        try setRequest(easy)
        try setManners(easy, manners)
        try setCallbacks(easy)
        guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
            throw CallFailure(reason: "libcurl does not take the call", isTransient: true)
        }
    }

    /// libcurl is done with the call, well or not.
    func finish(_ code: CURLcode, on multi: UnsafeMutableRawPointer) {
        guard code != CURLE_OK else { return end(.success(answer), on: multi) }
        if isTooLong {
            let limit = call.answerLimit
            return end(
                .failure(CallFailure(reason: "the answer is longer than \(limit) bytes", isTransient: false)), on: multi
            )
        }
        end(.failure(CallFailure(reason: explain(code), isTransient: !Self.permanent.contains(code))), on: multi)
    }

    /// Frees the handle and tells the outcome.
    func end(_ result: Result<CallAnswer, CallFailure>, on multi: UnsafeMutableRawPointer) {
        if let easy {
            curl_multi_remove_handle(multi, easy)
            curl_easy_cleanup(easy)
        }
        easy = nil
        done(result)
    }

    /// A line of the head; false breaks the call off.
    func accept(line: UnsafeRawBufferPointer) -> Bool {
        headBytes += line.count
        guard headBytes <= Self.headLimit else { return false }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // A new status line begins a new head: what came before was interim (RFC 9110, section 15.2).
            answer = CallAnswer()
            answer.status =
                text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
        } else if let colon = text.firstIndex(of: ":") {
            let name = text[..<colon].lowercased()
            let value = text[text.index(after: colon)...]
            if answer.fields[name] == nil { answer.fields[name] = value.trimmed }
        }
        return true
    }

    /// Bytes of the body; false breaks the call off.
    func accept(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard answer.body.count + bytes.count <= call.answerLimit else {
            isTooLong = true
            return false
        }
        answer.body.append(contentsOf: bytes)
        return true
    }

    /// What cannot get better by itself.
    private static let permanent: Set<CURLcode> = [
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL,
    ]

    private func explain(_ code: CURLcode) -> String {
        let bytes = UnsafeBufferPointer(start: errorBuffer, count: Int(CURL_ERROR_SIZE)).prefix { $0 != 0 }
        let printable = bytes.map { $0 >= 0x20 && $0 < 0x7F ? UInt8(bitPattern: $0) : UInt8(ascii: " ") }
        let text = String(decoding: printable.prefix(200), as: UTF8.self)
        return text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }
}

// MARK: - Options

extension RunningCall {
    private func setRequest(_ easy: UnsafeMutableRawPointer) throws(CallFailure) {
        try check(ccurl_set_string(easy, CURLOPT_URL, call.url))
        try check(ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        try check(ccurl_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1))
        try check(ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0))
        // The path is sent as it was signed, `.` and `..` included.
        try check(ccurl_set_long(easy, CURLOPT_PATH_AS_IS, 1))
        if let body = call.body {
            // libcurl reads these bytes where they are, once more when it must send them again.
            let bytes = UnsafeMutableRawPointer(mutating: body.bytes.baseAddress)
            try check(ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            try check(ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, bytes))
        } else if call.method == "HEAD" {
            try check(ccurl_set_long(easy, CURLOPT_NOBODY, 1))
        }
        if call.method != "HEAD" { try check(ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, call.method)) }
        // No `100 Continue` is waited for: a service that refuses keeps its connection, and a retry waits behind it.
        for line in call.fields + ["Expect:", call.body == nil ? "Accept:" : "Content-Type: application/octet-stream"] {
            guard let longer = curl_slist_append(fields, line) else {
                throw CallFailure(reason: "out of memory", isTransient: true)
            }
            fields = longer
        }
        try check(ccurl_set_list(easy, CURLOPT_HTTPHEADER, fields))
    }

    private func setManners(_ easy: UnsafeMutableRawPointer, _ manners: CallManners) throws(CallFailure) {
        try check(ccurl_set_string(easy, CURLOPT_USERAGENT, manners.userAgent))
        // An empty proxy also silences the environment's proxy variables (CURLOPT_PROXY(3)).
        try check(ccurl_set_string(easy, CURLOPT_PROXY, ""))
        try check(ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        if let caFile = manners.caFile { try check(ccurl_set_string(easy, CURLOPT_CAINFO, caFile)) }
        try check(ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        try check(ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1))
        try check(ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1))
        try check(ccurl_set_long(easy, CURLOPT_BUFFERSIZE, 256 << 10))
        try check(ccurl_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10))
        try check(ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, 10_000))
        switch call.patience {
        case .whileMoving:
            try check(ccurl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1_024))
            try check(ccurl_set_long(easy, CURLOPT_LOW_SPEED_TIME, 60))
        case .seconds(let seconds): try check(ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, seconds * 1_000))
        }
    }

    private func setCallbacks(_ easy: UnsafeMutableRawPointer) throws(CallFailure) {
        let owner = Unmanaged.passUnretained(self).toOpaque()
        try check(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorBuffer))
        for option in [CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA] {
            try check(ccurl_set_pointer(easy, option, owner))
        }
        try check(ccurl_set_write(easy, CURLOPT_WRITEFUNCTION, writeCallback))
        try check(ccurl_set_write(easy, CURLOPT_HEADERFUNCTION, headerCallback))
    }

    private func check(_ code: CURLcode) throws(CallFailure) {
        guard code == CURLE_OK else {
            let reason = String(cString: curl_easy_strerror(code))
            throw CallFailure(reason: "libcurl refuses an option: \(reason)", isTransient: false)
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex
        return String(self[..<end].drop(while: \.isWhitespace))
    }
}

private func running(_ owner: UnsafeMutableRawPointer?) -> RunningCall? {
    owner.map { Unmanaged<RunningCall>.fromOpaque($0).takeUnretainedValue() }
}

private let writeCallback: curl_write_callback = { bytes, size, count, owner in
    let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return running(owner)?.accept(body: body) == true ? size * count : Int(bitPattern: UInt(CURL_WRITEFUNC_ERROR))
}

private let headerCallback: curl_write_callback = { bytes, size, count, owner in
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return running(owner)?.accept(line: line) == true ? size * count : Int(bitPattern: UInt(CURL_WRITEFUNC_ERROR))
}

import CCurl
import Glibc
import ImageModel

/// Owns an easy handle with all options set, and what must live as long.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var pins: UnsafeMutablePointer<curl_slist>?
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// A handle for `order`, whose callbacks reach the ``CurlTransfer`` behind `owner`.
    init(_ order: TransferOrder, owner: UnsafeMutableRawPointer) throws(SourceError) {
        guard let pointer = curl_easy_init() else {
            throw SourceError(.internal, "libcurl gives no handle", isTransient: true)
        }
        self.pointer = pointer
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try setRequest(order)
        try pin(order)
        try setManners(order.policy)
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, order.connectTimeout.wholeMilliseconds))
        try setCallbacks(owner)
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(fields)
        curl_slist_free_all(pins)
        errorBuffer.deallocate()
    }

    /// libcurl's own words for what went wrong, on one line and bounded.
    var errorText: String {
        let bytes = UnsafeBufferPointer(start: errorBuffer, count: Int(CURL_ERROR_SIZE)).prefix { $0 != 0 }
        let printable = bytes.map { $0 >= 0x20 && $0 < 0x7F ? UInt8(bitPattern: $0) : UInt8(ascii: " ") }
        return String(decoding: printable.prefix(200), as: UTF8.self)
    }

    /// The errno of the last failed system call.
    var systemError: Int {
        var value = 0
        return ccurl_get_long(pointer, CURLINFO_OS_ERRNO, &value) == CURLE_OK ? value : 0
    }

    private func setRequest(_ order: TransferOrder) throws(SourceError) {
        try set(CURLOPT_URL, order.target.wireText)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // The bytes as they are served: no coding is asked for, and none is undone.
        try set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        try set(CURLOPT_USERAGENT, order.policy.userAgent)
        for field in order.fields { try append(field, to: &fields) }
        try check(ccurl_set_list(pointer, CURLOPT_HTTPHEADER, fields), "CURLOPT_HTTPHEADER")
    }

    /// Makes libcurl take the judged addresses for those of the name, instead of asking for them a second time.
    private func pin(_ order: TransferOrder) throws(SourceError) {
        let target = order.target
        guard !order.addresses.isEmpty, IPAddress(target.host) == nil else { return }
        let addresses = order.addresses.map { $0.bytes.count == 4 ? "\($0)" : "[\($0)]" }.joined(separator: ",")
        // The plus lets the entry grow old: one that stayed for ever would be one more for each host that a job names.
        try append("+\(target.host):\(target.port):\(addresses)", to: &pins)
        try check(ccurl_set_list(pointer, CURLOPT_RESOLVE, pins), "CURLOPT_RESOLVE")
    }

    private func append(_ line: String, to list: inout UnsafeMutablePointer<curl_slist>?) throws(SourceError) {
        guard let longer = curl_slist_append(list, line) else {
            throw SourceError(.internal, "out of memory", isTransient: true)
        }
        list = longer
    }

    private func setManners(_ policy: FetchPolicy) throws(SourceError) {
        // An empty proxy also silences the environment's proxy variables (CURLOPT_PROXY(3)).
        try set(CURLOPT_PROXY, policy.proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let caFile = policy.caFile { try set(CURLOPT_CAINFO, caFile) }
        try set(CURLOPT_NOSIGNAL, 1)
        // Do not wait for a resolver thread that hangs when a transfer is closed.
        try set(CURLOPT_QUICK_EXIT, 1)
        // A connection serves one transfer, so each is judged by its own policy and shares nothing with another owner's.
        try set(CURLOPT_FRESH_CONNECT, 1)
        try set(CURLOPT_FORBID_REUSE, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_BUFFERSIZE, 256 << 10)
    }

    private func setCallbacks(_ owner: UnsafeMutableRawPointer) throws(SourceError) {
        try check(ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorBuffer), "CURLOPT_ERRORBUFFER")
        for option in [
            CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA,
        ] {
            try check(ccurl_set_pointer(pointer, option, owner), "a callback's data")
        }
        try check(ccurl_set_write(pointer, CURLOPT_WRITEFUNCTION, writeCallback), "CURLOPT_WRITEFUNCTION")
        try check(ccurl_set_write(pointer, CURLOPT_HEADERFUNCTION, headerCallback), "CURLOPT_HEADERFUNCTION")
        try check(ccurl_set_open_socket(pointer, openSocketCallback), "CURLOPT_OPENSOCKETFUNCTION")
        try check(ccurl_set_prerequest(pointer, prerequestCallback), "CURLOPT_PREREQFUNCTION")
    }

    private func set(_ option: CURLoption, _ value: String) throws(SourceError) {
        try check(ccurl_set_string(pointer, option, value), "option \(option.rawValue)")
    }

    private func set(_ option: CURLoption, _ value: Int) throws(SourceError) {
        try check(ccurl_set_long(pointer, option, value), "option \(option.rawValue)")
    }

    private func check(_ code: CURLcode, _ what: String) throws(SourceError) {
        guard code == CURLE_OK else {
            throw SourceError(.internal, "libcurl refuses \(what): \(String(cString: curl_easy_strerror(code)))")
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var wholeMilliseconds: Int { Int(wholeMicroseconds / 1_000) }
}

private func transfer(_ owner: UnsafeMutableRawPointer?) -> CurlTransfer? {
    owner.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private let writeCallback: curl_write_callback = { bytes, size, count, owner in
    guard let transfer = transfer(owner) else { return 0 }
    switch transfer.accept(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) {
    case true?: return size * count
    case false?: return Int(CURL_WRITEFUNC_PAUSE)
    case nil: return Int(bitPattern: UInt(CURL_WRITEFUNC_ERROR))
    }
}

private let headerCallback: curl_write_callback = { bytes, size, count, owner in
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer(owner)?.accept(line: line) == true ? size * count : Int(bitPattern: UInt(CURL_WRITEFUNC_ERROR))
}

private let openSocketCallback: curl_opensocket_callback = { owner, _, address in
    guard let address, let transfer = transfer(owner) else { return CURL_SOCKET_BAD }
    let isAllowed = withUnsafePointer(to: &address.pointee.addr) { transfer.allows(UnsafeRawPointer($0)) }
    guard isAllowed else { return CURL_SOCKET_BAD }
    transfer.divert(address)
    let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    return socket(address.pointee.family, type, address.pointee.protocol)
}

private let prerequestCallback: curl_prereq_callback = { owner, _, _, _, _ in
    transfer(owner)?.connected()
    return Int32(CURL_PREREQFUNC_OK)
}

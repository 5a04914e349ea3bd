import ImageModel

@testable import ImageSource

/// Shows the parser of URLs one URL, and behind a line end where it redirects to: it must not trap, and what it lets
/// pass must have one reading only.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzURLs(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let parts = UnsafeBufferPointer(start: start, count: count).split(separator: 10, maxSplits: 2)
        .map { String(decoding: $0, as: UTF8.self) }
    guard let url = parts.first else { return 0 }
    for part in parts { look(at: part) }
    guard let target = try? FetchTarget(url: url, query: parts.count > 2 ? parts[2] : nil) else { return 0 }
    judge(target)
    if parts.count > 1, let next = try? target.redirected(to: parts[1]) {
        judge(next)
        precondition(target.scheme != "https" || next.scheme == "https", "from https to \(next.scheme)")
    }
    return 0
}

private func judge(_ target: FetchTarget) {
    let isAddress = IPAddress(target.host) != nil
    precondition(isAddress || HostRule.isHostName(target.host), "'\(target.host)' is no host")
    precondition(target.host == target.host.lowercased(), "capitals in '\(target.host)'")
    precondition(isAddress || !target.host.hasSuffix("."), "the root's dot in '\(target.host)'")
    precondition(target.port > 0, "no port")
    precondition(!target.description.contains { $0 == "?" || $0 == "#" }, "a query is shown")
    let authority = target.wireText.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
    precondition(!authority.contains("@"), "userinfo in '\(authority)'")
    guard let again = try? FetchTarget(url: target.wireText, query: nil) else {
        // What is sent may be longer than what came, once escaped.
        precondition(target.wireText.utf8.count > 8_192, "what is sent is refused: \(target.wireText)")
        return
    }
    precondition(again.host == target.host && again.port == target.port, "two readings: \(target.wireText)")
    precondition(again.scheme == target.scheme && again.wireText == target.wireText, "no fixed point")
    for rule in [target.host, "\(target.host):\(target.port)"] where !isAddress {
        guard let rule = HostRule(rule) else { preconditionFailure("no rule can name '\(target.host)'") }
        precondition(rule.covers(host: target.host, address: nil, port: target.port), "a rule misses its host")
    }
}

/// The other parsers of what a server or an operator writes.
private func look(at text: String) {
    _ = HostRule(text)
    _ = IPNetwork(text)
    if let address = IPAddress(text) {
        precondition(IPAddress("\(address)") == address, "\(text) reads back as another address")
    }
    _ = ContentRange(text)
    var head = ResponseHead()
    for line in text.split(separator: "\r") {
        var line = String(line)
        guard line.withUTF8({ head.append(UnsafeRawBufferPointer($0)) }) else { break }
    }
}

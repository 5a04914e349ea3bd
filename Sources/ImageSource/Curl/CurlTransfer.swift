import CCurl
import ImageModel
import Synchronization

/// One request on the network thread, from its handle's making to its freeing. Used by that thread only.
final class CurlTransfer {
    private enum Phase {
        case connecting
        case waitingForHead
        case body
        case over
    }

    let order: TransferOrder
    private let mailbox: TransferMailbox
    private var easy: EasyHandle?
    private var phase = Phase.connecting
    private var connectedAt = Duration.zero
    private var head = ResponseHead()
    private var opening: Opening?
    private var stall: StallWatch?
    private var body: ChunkFiller
    private var received: Int64 = 0
    private var isPaused = false
    /// Why the transfer was broken off from this side.
    private var failure: SourceError?
    /// Whether it was broken off because its head was all that was wanted.
    private var isHeadEnough = false
    private var refusal: String?
    private var triedAddress = false

    init(_ order: TransferOrder, mailbox: TransferMailbox, inbox: NetworkInbox) {
        self.order = order
        self.mailbox = mailbox
        let id = order.id
        body = ChunkFiller(size: order.policy.chunkSize, limit: order.policy.chunkLimit) { inbox.post(.resume(id)) }
    }

    /// The transfer behind a handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> CurlTransfer? {
        var pointer: UnsafeMutableRawPointer?
        guard ccurl_get_private(easy, &pointer) == CURLE_OK, let pointer else { return nil }
        return Unmanaged<CurlTransfer>.fromOpaque(pointer).takeUnretainedValue()
    }

    // MARK: Life

    /// Begins to connect.
    func start(on multi: UnsafeMutableRawPointer) {
        do throws(SourceError) {
            let easy = try EasyHandle(order, owner: Unmanaged.passUnretained(self).toOpaque())
            guard curl_multi_add_handle(multi, easy.pointer) == CURLM_OK else {
                throw SourceError(.internal, "libcurl does not take the transfer", isTransient: true)
            }
            self.easy = easy
        } catch {
            end(.failure(error))
        }
    }

    /// libcurl is done with the transfer, well or not.
    func finish(_ code: CURLcode, removingFrom multi: UnsafeMutableRawPointer) {
        if code != CURLE_OK, failure == nil, !isHeadEnough { failure = explain(code) }
        if failure == nil, !isHeadEnough, phase == .body, let length = opening?.bodyLength, received != length {
            failure = SourceError(
                .sourceTruncated, "\(order.target) ended after \(received) of \(length) bytes", isTransient: true)
        }
        release(from: multi)
        if let failure { return end(.failure(failure)) }
        phase = .over
        drain()
    }

    /// Ends the transfer with an error that was found outside of libcurl.
    func fail(_ error: SourceError, removingFrom multi: UnsafeMutableRawPointer) {
        release(from: multi)
        end(.failure(error))
    }

    /// Forgets everything and says so to the consumer.
    func close(removingFrom multi: UnsafeMutableRawPointer) {
        release(from: multi)
        body.abandon()
        mailbox.markGone()
    }

    /// A chunk came back.
    func resume() {
        if easy == nil { return drain() }
        guard body.isReady(handOver: mailbox.put), isPaused, let easy else { return }
        isPaused = false
        stall?.resume(now: CurlNetwork.now())
        curl_easy_pause(easy.pointer, CURLPAUSE_CONT)
    }

    /// The next moment at which patience ends; nil when libcurl has nothing more to do.
    var deadline: Duration? {
        guard easy != nil else { return nil }
        return min(order.deadline, phaseDeadline ?? order.deadline)
    }

    /// What to say when the deadline is over.
    var lateness: SourceError {
        let timeouts = order.policy.timeouts
        let what: String
        if order.deadline <= phaseDeadline ?? order.deadline {
            what = "did not end within \(timeouts.total)"
        } else if phase == .body {
            what = "sent less than \(timeouts.stallBytesPerSecond) B/s for \(timeouts.stall)"
        } else {
            what = "sent no header within \(timeouts.header)"
        }
        return SourceError(.sourceUnavailable, "\(order.target) \(what)", isTransient: true)
    }

    private var phaseDeadline: Duration? {
        switch phase {
        // libcurl itself watches the time to connect.
        case .connecting, .over: nil
        case .waitingForHead: connectedAt + order.policy.timeouts.header
        case .body: stall?.deadline
        }
    }

    private func release(from multi: UnsafeMutableRawPointer) {
        guard let easy else { return }
        curl_multi_remove_handle(multi, easy.pointer)
        self.easy = nil
    }

    private func end(_ result: Result<Void, SourceError>) {
        phase = .over
        body.abandon()
        mailbox.end(result)
    }

    /// Hands out what is left after the last byte came; goes on when a chunk comes back.
    private func drain() {
        guard phase == .over, body.finish(handOver: mailbox.put) else { return }
        mailbox.end(.success(()))
    }

    private func explain(_ code: CURLcode) -> SourceError {
        if let refusal, !triedAddress { return SourceError(.sourceDenied, "\(order.target): \(refusal)") }
        let detail = easy?.errorText ?? ""
        let failure = CurlFailure(code: code, detail: detail, systemError: easy?.systemError ?? 0)
        return failure.sourceError(target: order.target.description, received: received, expected: opening?.bodyLength)
    }

    // MARK: What libcurl calls

    /// Whether a socket may connect to an address.
    func allows(_ address: UnsafeRawPointer) -> Bool {
        if order.policy.proxy == nil, let verdict = verdict(on: address) {
            refusal = verdict
            return false
        }
        triedAddress = true
        return true
    }

    /// The last line: whatever was resolved and pinned before, this is where the socket would really go.
    private func verdict(on address: UnsafeRawPointer) -> String? {
        guard let place = SocketAddress(address) else { return "the address is neither IPv4 nor IPv6" }
        let target = order.target
        guard order.addresses.contains(place.address), place.port == target.port else {
            return "\(target.host) is not at the address that was judged"
        }
        return AddressPolicy(order.policy).judge(address: place.address, host: target.host, port: target.port)
    }

    /// Leads the socket elsewhere when the order says so.
    func divert(_ address: UnsafeMutablePointer<curl_sockaddr>) {
        guard let diversion = order.diversion, let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else {
            return
        }
        let raw = UnsafeMutableRawPointer(address) + offset
        guard let place = SocketAddress(UnsafeRawPointer(raw)) else { return }
        let (family, length) = diversion(place).write(to: raw)
        address.pointee.family = family
        address.pointee.addrlen = length
    }

    /// The connection stands, TLS included, and the request is about to be sent.
    func connected() {
        phase = .waitingForHead
        connectedAt = CurlNetwork.now()
    }

    /// A line of the head, or of the trailers; false breaks the transfer off.
    func accept(line: UnsafeRawBufferPointer) -> Bool {
        guard phase == .waitingForHead else { return failure == nil }
        guard head.append(line) else {
            failure = SourceError(
                .sourceUnavailable, "\(order.target) sent a head over \(ResponseHead.byteLimit) bytes")
            return false
        }
        let isEnd = line.allSatisfy { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        guard isEnd, head.status >= 200 else { return true }
        switch order.judge.judge(head, now: CurlNetwork.wallClock()) {
        case .failure(let error):
            failure = error
            return false
        case .redirect(let location):
            isHeadEnough = true
            mailbox.put(.redirect(location: location))
            return false
        case .body(let opening):
            begin(opening)
            return !isHeadEnough
        }
    }

    private func begin(_ opening: Opening) {
        phase = .body
        self.opening = opening
        let timeouts = order.policy.timeouts
        stall = StallWatch(
            limit: timeouts.stall, bytesPerSecond: timeouts.stallBytesPerSecond, now: CurlNetwork.now())
        // What follows a 416 is an error page, not the object.
        isHeadEnough = head.status == 416
        mailbox.put(.body(opening))
    }

    /// Bytes of the body; false pauses, nil breaks off.
    func accept(body bytes: UnsafeRawBufferPointer) -> Bool? {
        guard failure == nil, let opening else { return nil }
        guard received + Int64(bytes.count) <= order.judge.sizeLimit - opening.offset else {
            let limit = order.judge.sizeLimit
            failure = SourceError(.sizeLimit, "\(order.target) is longer than the limit of \(limit) bytes")
            return nil
        }
        let now = CurlNetwork.now()
        guard body.append(bytes, handOver: mailbox.put) else {
            isPaused = true
            stall?.pause(now: now)
            return false
        }
        received += Int64(bytes.count)
        stall?.record(bytes.count, now: now)
        return true
    }
}

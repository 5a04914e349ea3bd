import CCurl
import Glibc
import ImageModel

/// What the network thread does: take commands, let libcurl work, tell who is done, look at the clock, wait.
final class NetworkLoop {
    private let multi: UnsafeMutableRawPointer
    private let inbox: NetworkInbox
    private var transfers: [UInt64: CurlTransfer] = [:]
    private var isStopping = false

    init(multi: UnsafeMutableRawPointer, inbox: NetworkInbox) {
        self.multi = multi
        self.inbox = inbox
    }

    /// Runs until told to stop, then frees the multi handle.
    func run() {
        blockSignals()
        while true {
            for command in inbox.take() { obey(command) }
            if isStopping { break }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            finishDone()
            let wait = enforceDeadlines()
            curl_multi_poll(multi, nil, 0, wait, nil)
        }
        for transfer in transfers.values { transfer.close(removingFrom: multi) }
        transfers = [:]
        for case .start(_, let mailbox) in inbox.seal() { mailbox.markGone() }
        curl_multi_cleanup(multi)
    }

    private func obey(_ command: NetworkCommand) {
        switch command {
        case .start(let order, let mailbox):
            let transfer = CurlTransfer(order, mailbox: mailbox, inbox: inbox)
            transfers[order.id] = transfer
            transfer.start(on: multi)
        case .resume(let id): transfers[id]?.resume()
        case .close(let id): transfers.removeValue(forKey: id)?.close(removingFrom: multi)
        case .stop: isStopping = true
        }
    }

    private func finishDone() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let code = ccurl_message_result(message)
            CurlTransfer.of(easy)?.finish(code, removingFrom: multi)
        }
    }

    /// Ends what is over its time; returns the milliseconds until the next deadline, at most a minute.
    private func enforceDeadlines() -> Int32 {
        guard !transfers.isEmpty else { return 60_000 }
        let now = CurlNetwork.now()
        var next = now + .seconds(60)
        for transfer in transfers.values {
            guard let deadline = transfer.deadline else { continue }
            if deadline <= now {
                transfer.fail(transfer.lateness, removingFrom: multi)
            } else {
                next = min(next, deadline)
            }
        }
        let wait = next - now
        return Int32(wait.components.seconds * 1_000 + wait.components.attoseconds / 1_000_000_000_000_000) + 1
    }

    /// Signals are for the process's own threads; and a peer that hangs up must be an error here, not a SIGPIPE.
    private func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }
}

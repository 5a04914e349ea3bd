import CCurl
import Glibc

/// What the network thread does: take commands, let libcurl work, tell who is done, wait.
final class CallLoop {
    private let multi: UnsafeMutableRawPointer
    private let inbox: CallInbox
    private let manners: CallManners
    private var calls: [ObjectIdentifier: RunningCall] = [:]
    private var isStopping = false

    init(multi: UnsafeMutableRawPointer, inbox: CallInbox, manners: CallManners) {
        self.multi = multi
        self.inbox = inbox
        self.manners = manners
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
            // Every time limit of a call is libcurl's own, which makes this wake up for it.
            curl_multi_poll(multi, nil, 0, 60_000, nil)
        }
        let stopped = CallFailure(reason: "the network thread stopped", isTransient: false, isGivenUp: true)
        for call in calls.values { call.end(.failure(stopped), on: multi) }
        calls = [:]
        for case .start(_, let done) in inbox.seal() { done(.failure(stopped)) }
        curl_multi_cleanup(multi)
    }

    private func obey(_ command: CallCommand) {
        switch command {
        case .start(let call, let done):
            let running = RunningCall(call, done)
            do throws(CallFailure) {
                try running.start(on: multi, manners)
                calls[ObjectIdentifier(running)] = running
            } catch {
                running.end(.failure(error), on: multi)
            }
        case .giveUp(let group):
            for (id, call) in calls where call.group == group {
                calls[id] = nil
                call.end(
                    .failure(CallFailure(reason: "it was given up", isTransient: true, isGivenUp: true)), on: multi)
            }
        case .stop: isStopping = true
        }
    }

    private func finishDone() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let code = ccurl_message_result(message)
            guard let call = RunningCall.of(easy) else { continue }
            calls[ObjectIdentifier(call)] = nil
            call.finish(code, on: multi)
        }
    }

    /// Signals are for the process's own threads; and a peer that hangs up must be an error here, not a SIGPIPE.
    private func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }
}

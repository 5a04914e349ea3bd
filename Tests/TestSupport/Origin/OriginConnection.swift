/// Serves the requests of one connection, one after another, as the script says.
final class OriginConnection: Sendable {
    private enum End: Error {
        case close
        case reset
    }

    private let socket: OriginSocket
    private let script: OriginScript
    private let journal: OriginJournal

    init(socket: OriginSocket, script: OriginScript, journal: OriginJournal) {
        self.socket = socket
        self.script = script
        self.journal = journal
    }

    /// Serves until one side has had enough, then closes.
    func serve() {
        var path = ""
        journal.note { $0.accepted += 1 }
        defer { journal.note { $0.closed += 1 } }
        do {
            while let request = try socket.receiveHead().flatMap(OriginRequest.init) {
                path = request.path
                journal.note { $0.requests.append(request) }
                try answer(request, with: script.next(request.path))
                journal.note { [path] in $0.completed.count(path) }
                if request["connection"] == "close" { break }
            }
        } catch End.reset {
            return socket.reset()
        } catch OriginSocket.Interruption.clientGone {
            journal.note { [path] in $0.hangUps.count(path) }
        } catch {}
        socket.close()
    }

    private func answer(_ request: OriginRequest, with answer: OriginAnswer) throws {
        if let gate = answer.headGate { try hold(request.path, at: gate) }
        if let raw = answer.rawHead {
            try send(Array(raw.utf8), for: request.path, isBody: false)
            throw End.close
        }
        let (start, isPartial) = range(request, answer)
        if start > answer.length {
            let head = OriginAnswer.status(416).field("Content-Range", "bytes */\(answer.length)")
            return try send(Array(self.head(head, start: 0, isPartial: false).utf8), for: request.path, isBody: false)
        }
        let head = head(answer, start: start, isPartial: isPartial)
        try send(Array(head.utf8), for: request.path, isBody: false)
        if request.method == "HEAD" { return }
        try sendBody(answer, from: start, for: request.path)
        switch answer.framing {
        case .contentLength: return
        case .chunked: try send(Array("0\r\n\r\n".utf8), for: request.path, isBody: false)
        case .declared, .untilClose: throw End.close
        }
    }

    private func sendBody(_ answer: OriginAnswer, from start: Int64, for path: String) throws {
        var place = start
        var faults = answer.faults.sorted { $0.after < $1.after }
        while true {
            while let next = faults.first, next.after <= place {
                faults.removeFirst()
                switch next.fault {
                case .reset: throw End.reset
                case .hangUp: throw End.close
                case .hold(let gate): try hold(path, at: gate)
                }
            }
            guard place < answer.length else { return }
            let limit = min(answer.pace?.bytes ?? 256 << 10, faults.first.map { Int($0.after - place) } ?? .max)
            let bytes = answer.bytes(at: place, limit: limit)
            if case .chunked = answer.framing {
                let framed = Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8)
                try send(framed, for: path, isBody: true)
            } else {
                try send(bytes, for: path, isBody: true)
            }
            place += Int64(bytes.count)
            if let pace = answer.pace { try socket.pause(milliseconds: pace.milliseconds) }
        }
    }

    private func send(_ bytes: [UInt8], for path: String, isBody: Bool) throws(OriginSocket.Interruption) {
        try socket.send(
            bytes,
            onProgress: { count in
                if isBody { journal.note { $0.bytesSent[path, default: 0] += Int64(count) } }
            },
            onStuck: { journal.note { $0.stuck.count(path) } })
    }

    private func hold(_ path: String, at gate: Gate) throws(OriginSocket.Interruption) {
        journal.note { $0.held.count(path) }
        try socket.wait(for: gate)
    }

    /// Where the body starts: at the range asked for, when the validator still fits.
    private func range(_ request: OriginRequest, _ answer: OriginAnswer) -> (start: Int64, isPartial: Bool) {
        guard answer.honoursRanges, answer.status == 200, let range = request["range"], range.hasPrefix("bytes="),
            let start = Int64(range.dropFirst(6).prefix { $0 != "-" })
        else { return (0, false) }
        if let validator = request["if-range"], validator != answer["ETag"], validator != answer["Last-Modified"] {
            return (0, false)
        }
        return start == answer.length ? (start + 1, false) : (start, true)
    }

    private func head(_ answer: OriginAnswer, start: Int64, isPartial: Bool) -> String {
        var lines = ["HTTP/1.1 \(isPartial ? 206 : answer.status) Scripted"]
        lines += answer.fields.map { "\($0.name): \($0.value)" }
        if isPartial || answer.contentRange != nil {
            let truth = "bytes \(start)-\(answer.length - 1)/\(answer.length)"
            lines.append("Content-Range: \(answer.contentRange ?? truth)")
        }
        switch answer.framing {
        case .contentLength: lines.append("Content-Length: \(answer.length - start)")
        case .declared(let length): lines.append("Content-Length: \(length)")
        case .chunked: lines.append("Transfer-Encoding: chunked")
        case .untilClose: lines.append("Connection: close")
        }
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }
}

extension OriginRequest {
    /// Parses a head; nil when its first line is not a request line.
    init?(_ head: String) {
        let lines = head.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3 else { return nil }
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[line[..<colon].lowercased()] = String(value)
        }
        self.init(
            method: String(words[0]), path: String(target[0]), query: target.count > 1 ? String(target[1]) : nil,
            fields: fields)
    }
}

import Foundation
import ImageModel
import JobMessages
import Synchronization

/// Shows a job's life as its events tell it.
struct JobFollower {
    let json: Bool

    /// Sends the job and shows its steps; returns when it succeeded and throws when it did not.
    func follow(_ message: JobMessage, with sender: JobSender, timeout: Duration?) async throws {
        let line = Mutex(ProgressLine(isTerminal: Console.isTerminal))
        let json = json
        let last = try await sender.sendAndFollow(message, timeout: timeout) {
            if !json { line.withLock { $0.tell("queued     job \(message.messageID)") } }
        } onEvent: { event in
            if !json { line.withLock { Self.show(event, on: &$0) } }
        }
        if json { Console.say(last.data) }
        guard last.phase == .completed else {
            let (code, reason) = last.error ?? (last.phase?.rawValue ?? "rejected", "the job did not succeed")
            throw CommandTrouble(.failed, "job \(message.messageID): \(code): \(reason)")
        }
    }

    private static func show(_ event: ReceivedEvent, on line: inout ProgressLine) {
        let image = event.imageID.map { "image \($0)" } ?? "no image"
        switch event.phase {
        case .accepted: line.tell("accepted   \(image)")
        case .started: line.tell("started    attempt \(event.data["job"]?["attempt"]?.integer ?? 1)")
        case .progress: if let progress = event.progress { line.show(progress) }
        case .retrying: line.tell("retrying   \(event.error.map { "\($0.code): \($0.message)" } ?? "")")
        case .completed: summarize(event, image: image, on: &line)
        case .failed, .cancelled, nil: line.clear()
        }
    }

    private static func summarize(_ event: ReceivedEvent, image: String, on line: inout ProgressLine) {
        line.tell("completed  \(image)")
        guard let content = event.data["image"], let size = content["size"]?.integer else { return }
        // What it was says nothing of an image that is gone.
        let status = content["status"]?.string.flatMap(ImageStatus.init(rawValue:))
        if let status, [.pendingDelete, .deleting, .deleted].contains(status) {
            return line.tell("           \(status.rawValue)")
        }
        line.tell("           \(content["format"]?.string ?? "?"), \(size) bytes (\(ByteCount(size)))")
        for digest in event.digests { line.tell("           \(digest)") }
        for location in event.locations { line.tell("           store \(location.store): \(location.state)") }
    }
}

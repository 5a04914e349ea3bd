import ArgumentParser
import Foundation
import ImageModel
import JobMessages

/// `longshore submit FILE|-`
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Enqueue jobs from JSON or JSON Lines.",
        discussion: """
            Every message is checked before the first is sent. A job without "id" is refused: after a lost connection \
            nobody could tell whether to send it again.
            """)

    @Argument(help: "A file with one job object, or one on each line; - for standard input.")
    var file: String

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let settings = try global.settings()
        let jobs = try messages(in: try contents())
        guard !jobs.isEmpty else { throw CommandTrouble(.usage, "\(file) holds no job") }
        try await JobSender(settings, logger: global.quietLogger).send(jobs)
        for job in jobs {
            Console.say(
                global.json
                    ? String(
                        decoding: JSONWriter.bytes(
                            of: ["id": .string(job.messageID), "kind": .string(job.routingKey)]), as: UTF8.self)
                    : "\(job.routingKey) job \(job.messageID) is queued")
        }
    }

    private func contents() throws -> [UInt8] {
        if file == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandTrouble(.usage, "\(file) cannot be read")
        }
        return Array(data)
    }

    /// One document, or one on each line when the whole is none.
    private func messages(in bytes: [UInt8]) throws -> [JobMessage] {
        if (try? StrictJSONParser.parse(bytes)) != nil { return [try message(bytes, at: file)] }
        return try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .compactMap { number, line in
                guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return nil }
                return try message(Array(line), at: "\(file):\(number + 1)")
            }
    }

    private func message(_ body: [UInt8], at place: String) throws -> JobMessage {
        do throws(RejectedMessage) {
            let kind = (try? StrictJSONParser.parse(body))?["kind"]?.string ?? ""
            let submission = try JobDecoder.decode(IncomingMessage(body: body, routingKey: kind))
            return JobMessage(submission.request, sourceQuery: submission.sourceQuery)
        } catch {
            throw CommandTrouble(.usage, error.sentences.map { "\(place): \($0)" }.joined(separator: "\n"))
        }
    }
}

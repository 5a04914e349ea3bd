import ArgumentParser
import JobMessages
import Worker

/// `longshore dead list|show|redrive|purge`
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Look at dead letters, send them again, or drop them.",
        discussion: """
            A dead letter is a message that could never become a job, kept with its bytes and the reason. Looking takes \
            nothing out of the queue. A letter's id is made of its content, so it is the same in every command.
            """,
        subcommands: [List.self, Show.self, Redrive.self, Purge.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List dead letters by reason, those moved by the broker included.")

        @Option(help: ArgumentHelp("Look at this many letters at most, the oldest first.", valueName: "n"))
        var limit = 1_000

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let (groups, total) = try await global.deadLetterBox().withLetters(atMost: max(1, limit)) { letters in
                var groups: [String: [JSONValue]] = [:]
                var cells: [String: [[String]]] = [:]
                try await letters.visit { held in
                    let reason = RedactedBody.text(held.letter.reason.word)
                    groups[reason, default: []].append(DeadLetterRow.json(held.letter))
                    cells[reason, default: []].append(DeadLetterRow.cells(held.letter))
                }
                return (groups.keys.sorted().map { Group($0, groups[$0] ?? [], cells[$0] ?? []) }, letters.total)
            }
            guard !global.json else {
                Console.say(.array(groups.map(\.json)))
                return
            }
            show(groups, total)
        }

        private func show(_ groups: [Group], _ total: Int) {
            let shown = groups.reduce(0) { $0 + $1.cells.count }
            for group in groups { Console.say("\(group.reason): \(group.cells.count)") }
            var table = Table(DeadLetterRow.header)
            for cells in groups.flatMap(\.cells) { table.add(cells) }
            if shown > 0 { for line in table.lines { Console.say(line) } }
            Console.say(shown < total ? "\(shown) of \(total) dead letters" : "\(shown) dead letters")
        }

        private struct Group: Sendable {
            let reason: String
            let letters: [JSONValue]
            let cells: [[String]]

            init(_ reason: String, _ letters: [JSONValue], _ cells: [[String]]) {
                (self.reason, self.letters, self.cells) = (reason, letters, cells)
            }

            var json: JSONValue {
                ["reason": .string(reason), "count": .integer(Int64(letters.count)), "letters": .array(letters)]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one dead letter, without the secrets its URLs may carry.",
            discussion: "Texts of the message end at a `?`, because the query of a URL may be a secret.")

        @Argument(help: "The letter's id, as `dead list` shows it.")
        var id: String

        @Option(help: ArgumentHelp("Look at this many letters at most, the oldest first.", valueName: "n"))
        var limit = 1_000

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let (id, limit) = (id, max(1, limit))
            let found = try await global.deadLetterBox().withLetters(atMost: limit) { letters in
                var found: JSONValue?
                try await letters.visit { held in
                    if held.letter.id == id, found == nil { found = DeadLetterRow.detailed(held.letter) }
                }
                return found
            }
            guard let found else {
                throw CommandTrouble(.notFound, "there is no dead letter \(id) among the oldest \(limit)")
            }
            Console.say(found)
        }
    }
}

import ArgumentParser
import LongshoreSettings
import Worker

/// Which dead letters a command is about.
struct LetterChoice: ParsableArguments {
    @Argument(help: "The letters' ids, as `dead list` shows them.")
    var ids: [String] = []

    @Option(
        help: ArgumentHelp(
            "Letters with this reason, such as invalid_job or expired; may be repeated.", valueName: "reason"))
    var reason: [String] = []

    @Flag(help: "All letters.")
    var all = false

    @Option(help: ArgumentHelp("Look at this many letters at most, the oldest first.", valueName: "n"))
    var limit = 1_000

    func validate() throws {
        guard all != (!ids.isEmpty || !reason.isEmpty) else {
            throw ValidationError("Choose letters by id or with --reason, or all of them with --all.")
        }
        guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    }

    func takes(_ letter: StoredDeadLetter) -> Bool {
        all || ids.contains(letter.id) || reason.contains(letter.reason.word)
    }

    /// Fails when an id was given that no letter has.
    func requireFound(_ found: Set<String>, among total: Int) throws(CommandTrouble) {
        let missing = ids.filter { !found.contains($0) }
        guard missing.isEmpty else {
            throw CommandTrouble(
                .notFound,
                "there is no dead letter \(missing.joined(separator: ", ")) among the oldest \(min(limit, total))")
        }
    }
}

extension GlobalOptions {
    /// The dead letters of this installation.
    func deadLetterBox() throws -> DeadLetterBox {
        DeadLetterBox(access: try BrokerAccess(try settings().broker, role: "dead", logger: quietLogger))
    }
}

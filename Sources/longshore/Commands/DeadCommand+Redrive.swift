import ArgumentParser
import JobMessages
import RabbitMQ
import Worker

extension DeadCommand {
    struct Redrive: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish dead letters to the jobs exchange again.",
            discussion: """
                Each letter goes out with its first routing key, properties and body. It leaves the queue of dead \
                letters only once a queue of jobs has it; an interruption in between sends it twice at worst, and the \
                job's id makes that harmless. What is still no job comes back as a new dead letter.
                """)

        @OptionGroup var choice: LetterChoice

        @Flag(help: "Show what would be sent, and send nothing.")
        var dryRun = false

        @Option(help: ArgumentHelp("The most letters to send in a second.", valueName: "n"))
        var rate = 100

        @OptionGroup var global: GlobalOptions

        func validate() throws {
            guard rate > 0 else { throw ValidationError("--rate must be at least 1.") }
        }

        mutating func run() async throws {
            let box = try global.deadLetterBox()
            let (choice, isDryRun, json, pause) = (choice, dryRun, global.json, Duration.seconds(1) / rate)
            var count = Count()
            var found: Set<String> = []
            var total = 0
            do {
                (count, found, total) = try await box.access.withPublisher { publisher in
                    try await box.withLetters(atMost: choice.limit) { letters in
                        var count = Count()
                        var found: Set<String> = []
                        try await letters.visit { held in
                            guard choice.takes(held.letter) else { return }
                            found.insert(held.letter.id)
                            guard let message = held.letter.redriven(to: box.access.names) else {
                                count.note(held.letter, "its body is larger than a job may be")
                                return
                            }
                            guard !isDryRun else {
                                if json {
                                    Console.say(DeadLetterRow.json(held.letter))
                                } else {
                                    Console.say(DeadLetterRow.cells(held.letter).joined(separator: "  "))
                                }
                                return
                            }
                            do {
                                guard try await publisher.publish(message) == .routed else {
                                    count.note(held.letter, "no queue takes this routing key")
                                    return
                                }
                            } catch let error as RabbitMQError where error.code == .messageRefused {
                                // What cannot be sent must not keep back those behind it.
                                count.note(held.letter, error.message)
                                return
                            }
                            await letters.remove(held)
                            count.sent += 1
                            try await SystemTime().sleep(for: pause)
                        }
                        return (count, found, letters.total)
                    }
                }
            } catch let error as RabbitMQError {
                throw CommandTrouble(error)
            }
            try choice.requireFound(found, among: total)
            try report(count, found: found)
        }

        private struct Count: Sendable {
            var sent = 0
            var left: [String] = []

            mutating func note(_ letter: StoredDeadLetter, _ why: String) {
                left.append("\(letter.id) stays: \(why)")
            }
        }

        private func report(_ count: Count, found: Set<String>) throws {
            if global.json, !dryRun {
                Console.say([
                    "redriven": .integer(Int64(count.sent)), "left": .array(count.left.map { .string($0) }),
                ])
            } else if !dryRun {
                Console.say("\(count.sent) dead letters sent again")
            }
            guard count.left.isEmpty else {
                throw CommandTrouble(.failed, count.left.joined(separator: "\n"))
            }
        }
    }

    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop dead letters for good.", discussion: "Nothing brings them back, so it wants --yes.")

        @OptionGroup var choice: LetterChoice

        @Flag(help: "Really drop them.")
        var yes = false

        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let box = try global.deadLetterBox()
            let (choice, isMeant) = (choice, yes)
            let dropped: Int
            if choice.all {
                dropped = isMeant ? try await box.purge() : try await box.count()
            } else {
                let (count, found, total) = try await box.withLetters(atMost: choice.limit) { letters in
                    var count = 0
                    var found: Set<String> = []
                    try await letters.visit { held in
                        guard choice.takes(held.letter) else { return }
                        found.insert(held.letter.id)
                        count += 1
                        if isMeant { await letters.remove(held) }
                    }
                    return (count, found, letters.total)
                }
                try choice.requireFound(found, among: total)
                dropped = count
            }
            guard isMeant else {
                throw CommandTrouble(.usage, "this would drop \(dropped) dead letters for good; say so with --yes")
            }
            if global.json {
                Console.say(["purged": .integer(Int64(dropped))])
            } else {
                Console.say("\(dropped) dead letters dropped")
            }
        }
    }
}

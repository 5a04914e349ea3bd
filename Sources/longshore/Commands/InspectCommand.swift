import ArgumentParser
import ImageInspection
import ImageModel

/// `longshore inspect FILE|URL`
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Tell what an image is, and whether a worker would refuse it.",
        discussion: """
            Reads a file, or fetches a URL as a worker would, and stores nothing. Prints format, sizes, digests and
            everything that was noticed, with the byte that shows it. What is packed is unpacked, as a worker would.
            No rule is relaxed here. Exits with 6 when the image is refused.

            Example: longshore inspect ubuntu.qcow2 --digest sha512
            """)

    @Argument(help: ArgumentHelp("A file, or a URL that the configuration lets workers fetch.", valueName: "file|url"))
    var place: String

    @Option(help: "The format that the image is declared to have.")
    var format: ImageFormat?

    @Option(help: ArgumentHelp("A digest to compute; may be repeated. By default sha256.", valueName: "algorithm"))
    var digest: [DigestAlgorithm] = []

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let expectations = ImageExpectations(format: format)
        let inspection = Inspection(algorithms: digest.isEmpty ? [.sha256] : Set(digest), expectations: expectations)
        let result =
            if place.contains("://") {
                try await inspection.ofObject(at: place, try global.settings())
            } else {
                try await inspection.ofFile(place)
            }
        if global.json {
            Console.say(InspectionSummary.json(result))
        } else {
            for line in InspectionSummary.lines(result) { Console.say(line) }
        }
        if let refusal = result.report.refusal {
            throw CommandTrouble(.unsafe, "\(place.prefix { $0 != "?" }) is refused: \(refusal)")
        }
    }
}

import ArgumentParser
import ImageModel

/// `longshore import URL`
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Fetch an image from a URL and store it.",
        discussion: "Example: longshore import https://example.com/ubuntu.qcow2 --name ubuntu-24.04 --wait")

    @Argument(help: "Where the image is: \(FetchableURL.schemes); the URL's query is kept secret.")
    var url: String

    @Option(help: ArgumentHelp("The image's id; made when absent.", valueName: "image"))
    var id: String?

    @Option(help: "The image's name; by default the last part of the URL's path.")
    var name: String?

    @Option(help: ArgumentHelp("The account the image belongs to.", valueName: "account"))
    var owner: String?

    @Option(help: "The vendor profile whose rules apply.")
    var profile: String?

    @Option(help: ArgumentHelp("The size the served file must have, in bytes.", valueName: "bytes"))
    var size: Int64?

    @Option(help: "The disk format the image must have.")
    var format: ImageFormat?

    @Option(help: ArgumentHelp("The SHA-256 the served bytes must have.", valueName: "hex"))
    var sha256: String?

    @Option(help: ArgumentHelp("The SHA-512 the served bytes must have.", valueName: "hex"))
    var sha512: String?

    @Option(help: ArgumentHelp("A digest to compute; may be repeated. By default sha256.", valueName: "algorithm"))
    var digest: [DigestAlgorithm] = []

    @Option(help: ArgumentHelp("A store to keep it in; may be repeated. By default \"default\".", valueName: "store"))
    var store: [String] = []

    @Option(help: "Of several stores: whether \"all\" must have the image, or \"any\" and the others get it later.")
    var storesRequire: StoresRequirement?

    @Option(help: ArgumentHelp("A tag; may be repeated.", valueName: "tag"))
    var tag: [String] = []

    @OptionGroup var job: JobOptions
    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        try FetchableURL.require(parts[0], under: profile)
        let request = ImportRequest(
            image: ImageSpecification(
                id: try id.map { try identifier($0, "--id") }, name: name ?? defaultName(parts[0]),
                owner: try owner.map { try identifier($0, "--owner") }, profile: profile,
                tags: tag.isEmpty ? nil : tag),
            source: SourceLocation(url: parts[0]),
            expectations: Expectations(size: size, format: format, digests: try expectedDigests()),
            digests: digest.isEmpty ? nil : digest,
            stores: store.isEmpty ? nil : try store.map { try identifier($0, "--store") },
            storesRequire: storesRequire)
        try await job.run(.import(request), sourceQuery: parts.count > 1 ? parts[1] : nil, global: global)
    }

    private func defaultName(_ url: String) -> String {
        url.split(separator: "/").last.map(String.init) ?? url
    }

    private func expectedDigests() throws -> [Digest] {
        let given = [(DigestAlgorithm.sha256, sha256), (.sha512, sha512)]
        return try given.compactMap { algorithm, hex in
            guard let hex else { return nil }
            guard let digest = Digest(algorithm, hex: hex) else {
                throw CommandTrouble(
                    .usage, "--\(algorithm.rawValue) \"\(hex)\" is not \(algorithm.byteLength * 2) hexadecimal digits")
            }
            return digest
        }
    }
}

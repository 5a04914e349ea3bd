import ImageModel
import Testing

/// Requests made by chance, but the same for the same seed.
final class RequestSamples {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(state: seed) }

    func maybe<Value>(_ value: @autoclosure () throws -> Value) rethrows -> Value? {
        Bool.random(using: &generator) ? try value() : nil
    }

    func pick<Value>(_ values: [Value]) throws -> Value {
        try #require(values.randomElement(using: &generator))
    }

    func identifier<Kind: IdentifierKind>() throws -> Identifier<Kind> {
        try #require(Identifier(try pick(["a", "acct-1", "kim@example.com", "A._:@=+-z", "7"])))
    }

    func text() throws -> String { try pick(["n", "é\u{301}😀", "a\"b\\c\n", "//?#@", "null"]) }

    func property() throws -> PropertyValue {
        try pick([.string(""), .string("1"), .integer(.min), .integer(7), .number(0.1), .number(1e300), .bool(true)])
    }

    func os() throws -> OperatingSystem {
        OperatingSystem(type: maybe("linux"), distro: maybe("d"), version: maybe("24.04"), arch: maybe("x86_64"))
    }

    func request() throws -> JobRequest {
        JobRequest(
            id: try identifier(), priority: maybe(7),
            actor: maybe(JobActor(account: AccountID("acct-1"), user: "kim")),
            after: maybe([JobID("j-0"), JobID("j-1")].compactMap(\.self)) ?? [],
            runsAfterFailure: Bool.random(using: &generator),
            deadline: try maybe(Timestamp(microseconds: try pick([0, -1, 1_796_083_200_012_345]))),
            maxAttempts: maybe(100), work: try work())
    }

    private func work() throws -> JobWork {
        switch try pick(JobKind.allCases) {
        case .import: .import(try importRequest())
        case .copy: .copy(try copyRequest())
        case .share:
            .share(
                ShareRequest(
                    imageID: try identifier(), action: try pick(ShareAction.allCases), member: try identifier()))
        case .update:
            .update(UpdateRequest(imageID: try identifier(), changes: try changes(), ifRevision: maybe(3)))
        case .delete: .delete(DeleteRequest(imageID: try identifier(), store: maybe(StoreName("s")) ?? nil))
        case .cancel: .cancel(CancelRequest(jobID: try identifier()))
        }
    }

    private func copyRequest() throws -> CopyRequest {
        let image = CopyRequest.NewImage(
            id: try maybe(try identifier()), name: try text(), owner: try maybe(try identifier()))
        let newImage = maybe(image)
        return CopyRequest(
            imageID: try identifier(), store: newImage == nil ? StoreName("s") : maybe(StoreName("s")) ?? nil,
            newImage: newImage)
    }

    private func changes() throws -> [ImageChange] {
        let all: [ImageChange] = [
            .name(try text()), .description(try maybe(try text())), .visibility(maybe(.shared)),
            .isProtected(maybe(true)),
            .tags(maybe(["a", "b"])), .minimumDiskGiB(maybe(40)), .minimumRAMMiB(maybe(1)), .os(try maybe(try os())),
            .state(maybe("active")), .properties(["a": try maybe(try property()), "b": try maybe(try property())]),
            .restore,
        ]
        return Array(all.shuffled(using: &generator).prefix(Int.random(in: 1...all.count, using: &generator)))
    }

    private func importRequest() throws -> ImportRequest {
        let image = ImageSpecification(
            id: try maybe(try identifier()), name: try text(), owner: try maybe(try identifier()),
            profile: maybe("ims"),
            description: try maybe(try text()), visibility: maybe(.public), isProtected: maybe(false),
            tags: maybe([]), minimumDiskGiB: maybe(0), minimumRAMMiB: maybe(2_147_483_647), os: try maybe(try os()),
            properties: try maybe(["p": try property(), "x-q": try property()]))
        let digests = [
            Digest(.md5, bytes: Array(repeating: 1, count: 16)), Digest(.sha1, bytes: Array(repeating: 2, count: 20)),
        ]
        return ImportRequest(
            image: image,
            source: SourceLocation(url: try pick(["https://h/i", "s3://b/k", "file:///x"]), credential: maybe("c")),
            expectations: Expectations(
                size: maybe(0), format: maybe(.iso), digests: maybe(digests.compactMap(\.self)) ?? [],
                digestsURL: maybe("https://h/S")),
            digests: maybe([.sha512, .md5]), transform: Transform(decompress: maybe(.none), convertTo: maybe(.vhdx)),
            stores: maybe([StoreName("a"), StoreName("b")].compactMap(\.self)), storesRequire: maybe(.any))
    }
}

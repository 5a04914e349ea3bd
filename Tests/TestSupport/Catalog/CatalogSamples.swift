public import ImageModel

/// Values for tests of catalogs, with every member that can be set set to something that is not its default.
public enum CatalogSamples {
    /// A moment with microseconds.
    public static let moment = Timestamp(microseconds: 1_780_000_000_123_456)

    /// An identifier that is known to be valid.
    public static func id<Kind: IdentifierKind>(_ text: String) -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(text) else { preconditionFailure("\"\(text)\" is no \(Kind.noun)") }
        return identifier
    }

    /// A digest that is known to be valid.
    public static func digest(_ algorithm: DigestAlgorithm = .sha256, _ byte: UInt8 = 0xAB) -> Digest {
        guard let digest = Digest(algorithm, bytes: Array(repeating: byte, count: algorithm.byteLength)) else {
            preconditionFailure("a digest of the algorithm's own length is valid")
        }
        return digest
    }

    /// Properties of every kind, with what is hard to keep apart.
    public static let properties: [String: PropertyValue] = [
        "text": .string("Ünïcode \u{1F433} \"quoted\" \\ \u{2028}\n"), "empty": .string(""), "digits": .string("1"),
        "word": .string("true"), "yes": .bool(true), "no": .bool(false), "zero": .integer(0), "one": .integer(1),
        "least": .integer(.min), "most": .integer(.max), "half": .number(0.5), "tiny": .number(-1.25e-7),
        "huge": .number(1e300), "x.y/z": .string("key with signs"), "NULL": .string("null"),
    ]

    /// Content with two digests.
    public static let content = ImageContent(
        format: .qcow2, size: 627_048_448, virtualSize: 3_758_096_384, digests: [digest(.md5), digest(.sha256)])

    /// An image with every member set.
    public static func image(_ id: String = "image-1", status: ImageStatus = .active) -> Image {
        Image(
            id: Self.id(id),
            details: ImageDetails(
                name: "ubuntu-24.04 \u{1F433}", owner: Self.id("acct-1"), profile: "ims", description: "two\nlines",
                visibility: .shared, isProtected: true, tags: ["z=last", "a=first", "z=last", ""],
                minimumDiskGiB: 40, minimumRAMMiB: 2_147_483_647,
                os: OperatingSystem(type: "linux", distro: "ubuntu", version: "24.04", arch: "x86_64"),
                properties: properties),
            status: status, operation: .copying, revision: 7, content: content, origin: Self.id("image-0"),
            provenance: Provenance(sourceURL: "https://objects.example/a.qcow2", creator: "kim", editor: nil),
            replicas: [
                Replica(
                    store: Self.id("default"), state: .available, objectKey: "ab/cd", url: "file:///x/ab/cd",
                    createdAt: moment, updatedAt: moment + .microseconds(7)),
                Replica(store: Self.id("eu-2"), state: .copying),
            ],
            createdAt: moment, updatedAt: moment + .microseconds(1))
    }

    /// An image with every member that may be absent absent.
    public static func bareImage(_ id: String = "image-2") -> Image {
        Image(
            id: Self.id(id), details: ImageDetails(name: "n"), status: .queued, revision: 1, createdAt: moment,
            updatedAt: moment)
    }

    /// A job on `work`, as freshly accepted.
    public static func job(_ id: String, _ work: JobWork, priority: Int? = nil, after: [String] = []) -> Job {
        let request = JobRequest(
            id: Self.id(id), priority: priority, actor: JobActor(account: Self.id("acct-1"), user: "kim@example.com"),
            after: after.map { Self.id($0) }, runsAfterFailure: true, deadline: moment + .seconds(3_600),
            maxAttempts: 3, work: work)
        return Job(request: request, imageID: work.imageID, acceptedAt: moment, traceparent: "00-ab-cd-01")
    }

    /// An import that names an image.
    public static func importWork(_ image: String = "image-1") -> JobWork {
        .import(
            ImportRequest(
                image: ImageSpecification(
                    id: id(image), name: "ubuntu", owner: id("acct-1"), profile: "ims", description: "",
                    visibility: .private, isProtected: false, tags: [], minimumDiskGiB: 0, minimumRAMMiB: 0,
                    os: OperatingSystem(), properties: properties),
                source: SourceLocation(url: "https://objects.example/b/u.qcow2", credential: "objects-eu"),
                expectations: Expectations(
                    size: 1, format: .raw, digests: [digest(.sha512)], digestsURL: "https://objects.example/SUMS"),
                digests: DigestAlgorithm.allCases,
                transform: Transform(decompress: Decompression.none, convertTo: .raw),
                stores: [id("default"), id("eu-2")], storesRequire: .any))
    }

    /// A request of every kind, with and without what may be absent.
    public static let works: [JobWork] = [
        importWork(),
        .import(ImportRequest(image: ImageSpecification(name: "n"), source: SourceLocation(url: "http://h/"))),
        .copy(CopyRequest(imageID: id("image-1"), store: id("eu-2"))),
        .copy(
            CopyRequest(
                imageID: id("image-1"), newImage: .init(id: id("image-9"), name: "copy", owner: id("acct-2")))),
        .share(ShareRequest(imageID: id("image-1"), action: .revoke, member: id("acct-2"))),
        .update(UpdateRequest(imageID: id("image-1"), changes: changes, ifRevision: 3)),
        .update(UpdateRequest(imageID: id("image-1"), changes: clearings)),
        .delete(DeleteRequest(imageID: id("image-1"), store: id("eu-2"))),
        .delete(DeleteRequest(imageID: id("image-1"))),
        .cancel(CancelRequest(jobID: id("job-0"))),
    ]

    private static let changes: [ImageChange] = [
        .name("new"), .description("d"), .visibility(.public), .isProtected(true), .tags(["t"]), .minimumDiskGiB(1),
        .minimumRAMMiB(2), .os(OperatingSystem(type: "linux")), .state("deprecated"),
        .properties(["gone": nil as PropertyValue?, "kept": .bool(false), "n": .number(0.25)]), .restore,
    ]

    private static let clearings: [ImageChange] = [
        .description(nil), .visibility(nil), .isProtected(nil), .tags(nil), .minimumDiskGiB(nil), .minimumRAMMiB(nil),
        .os(nil), .state(nil), .properties([:]),
    ]

    /// An event of a job on an image.
    public static func event(
        _ id: String, job: String? = "job-1", image: String? = "image-1", phase: EventPhase = .accepted,
        sequence: Int64? = 1, data: EventData = EventData()
    ) -> ImageEvent {
        ImageEvent(
            id: Self.id(id), topic: .image(.import, phase), imageID: image.map { Self.id($0) },
            owner: Self.id("acct-1"), jobID: job, sequence: sequence, time: moment, data: data)
    }

    /// A failure with every member set.
    public static let failure = Failure(
        .digestMismatch, "sha256 is \u{201C}ab\u{201D}", stage: .verifying, isRetryable: true,
        retryAfter: .milliseconds(1_500), cause: FailureCause(code: .sourceTruncated, message: "short"),
        violations: [Violation(path: "/expect/digests/sha256", rule: "equals", value: "ab")])
}

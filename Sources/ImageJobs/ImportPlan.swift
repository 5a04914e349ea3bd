import Catalog
import ImageModel
import ImageSource
import ImageStore

/// What an import will do, decided before anything is fetched.
struct ImportPlan {
    /// What to fetch, and how much of it at most.
    let fetch: FetchRequest
    /// What the producer knows of the bytes.
    let expectations: Expectations
    /// Every digest to compute: those asked for and those expected.
    let algorithms: [DigestAlgorithm]
    /// The digests to record for the stored image.
    let recorded: Set<DigestAlgorithm>
    /// Whether a compressed image is to be unpacked when one is found.
    let unpacks: Bool
    /// Where the bytes go.
    let stores: [any ImageStore]

    /// Decides, or says everything that stands in the way.
    init(_ claimed: ClaimedJob, environment: JobEnvironment) throws {
        guard case .import(let request) = claimed.job.request.work else {
            throw Failure(.internal, "job \(claimed.job.id) is no import", stage: .planning)
        }
        expectations = request.expectations
        recorded = Set(request.digests ?? [.sha256])
        algorithms = recorded.union(expectations.digests.map(\.algorithm)).sorted()
        unpacks = request.transform.decompress != Decompression.none
        fetch = FetchRequest(
            url: request.source.url, query: claimed.sourceQuery, sizeLimit: environment.limits.imageBytes)
        stores = try Self.stores(request.stores, in: environment)
        try Self.requireSupported(request)
    }

    /// Whether a fetch that is interrupted can go on: a validator proves that the object is the same, or an expected
    /// digest will.
    func canResume(_ source: SourceFacts) -> Bool {
        source.strongValidator != nil || !expectations.digests.isEmpty
    }

    /// What is missing behind the bytes that are there.
    func fetch(from resumption: Resumption) -> FetchRequest {
        var request = fetch
        request.resume = ResumePoint(
            offset: resumption.offset, validator: resumption.source.strongValidator,
            isUnproven: resumption.isUnproven)
        return request
    }

    private static func stores(
        _ names: [StoreName]?, in environment: JobEnvironment
    ) throws -> [any ImageStore] {
        let names = names ?? StoreName("default").map { [$0] } ?? []
        let unknown = names.filter { environment.stores[$0] == nil }
        guard unknown.isEmpty else {
            let known = environment.stores.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            throw Failure(
                .storeUnknown,
                "no store is named \(unknown.map { "\"\($0)\"" }.joined(separator: ", ")); configured: \(known)",
                stage: .planning,
                violations: unknown.map {
                    Violation(path: "/stores", rule: "names a configured store", value: $0.rawValue)
                })
        }
        return names.compactMap { environment.stores[$0] }
    }

    /// What a message may ask for and this version cannot do is refused, never silently left out.
    private static func requireSupported(_ request: ImportRequest) throws {
        var violations: [Violation] = []
        func refuse(_ path: String, _ value: String) {
            violations.append(Violation(path: path, rule: "is not supported by this version", value: value))
        }
        if let format = request.transform.convertTo { refuse("/transform/convert_to", format.rawValue) }
        if let url = request.expectations.digestsURL { refuse("/expect/digests_url", url) }
        if let name = request.source.credential { refuse("/source/credential", name) }
        if request.storesRequire == .any, (request.stores?.count ?? 1) > 1 { refuse("/stores_require", "any") }
        if let profile = request.image.profile { refuse("/image/profile", profile) }
        guard violations.isEmpty else {
            let list = violations.map { "\($0.path) = \($0.value)" }.joined(separator: ", ")
            throw Failure(
                .policyDenied, "this version of Longshore cannot do what the job asks for: \(list)", stage: .planning,
                violations: violations)
        }
    }
}

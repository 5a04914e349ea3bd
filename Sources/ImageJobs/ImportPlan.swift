import Catalog
import ImageInspection
import ImageModel
import ImageSource
import ImageStore
import ImageUnpacking

/// What an import will do, decided before anything is fetched.
struct ImportPlan {
    /// What to fetch, and how much of it at most.
    let fetch: FetchRequest
    /// What the producer knows of the bytes.
    private(set) var expectations: Expectations
    /// What the inspector holds the bytes to.
    private(set) var image: ImageExpectations
    /// Every digest to compute: those asked for and those expected.
    var algorithms: [DigestAlgorithm] { recorded.union(expectations.digests.map(\.algorithm)).sorted() }
    /// The digests to record for the stored image.
    let recorded: Set<DigestAlgorithm>
    /// Whether a compressed image is to be unpacked when one is found.
    let unpacks: Bool
    /// What unpacks it, within the limits.
    let unpacker: Unpacker
    /// The format to make of whatever comes; nil when it is stored as it comes.
    private(set) var conversion: ImageFormat?
    /// Where the bytes go.
    let stores: [any ImageStore]
    /// Whether the image is there once one store has it.
    let isOneStoreEnough: Bool

    /// Decides, or says everything that stands in the way.
    init(_ claimed: ClaimedJob, environment: JobEnvironment) throws {
        guard case .import(var request) = claimed.job.request.work else {
            throw Failure(.internal, "job \(claimed.job.id) is no import", stage: .planning)
        }
        if let problem = claimed.secretProblem {
            // Whoever changed the key may change it back.
            throw Failure(.internal, problem, stage: .planning, isRetryable: true)
        }
        if let details = claimed.image?.details {
            request.source.url = environment.catalog.policy.sourceURL(of: request, making: details)
        }
        expectations = request.expectations
        recorded = Set(request.digests ?? [.sha256])
        unpacks = request.transform.decompress != Decompression.none
        unpacker = Unpacker(limits: environment.limits.unpacking)
        fetch = FetchRequest(
            url: request.source.url, query: claimed.sourceQuery, sizeLimit: environment.limits.imageBytes,
            credential: try environment.credentials.credential(for: claimed.job.request, request))
        stores = try Self.stores(request.stores, in: environment)
        isOneStoreEnough = request.storesRequire == .any
        image = Self.imageExpectations(request, stores: stores.map(\.name), in: environment)
        // What is declared to have the format already is refused when it has not.
        conversion = request.transform.convertTo.flatMap { $0 == expectations.format ? nil : $0 }
        image.opaqueFormat = claimed.image.flatMap { environment.catalog.policy.opaqueFormat(of: $0.details) }
        try Self.requireSupported(conversion, in: environment)
    }

    /// What a copy will do: the same with bytes that lie in a store. They were inspected when they came, and every digest
    /// that is known of them is expected.
    init(copying content: ImageContent, at url: String, to store: any ImageStore) {
        fetch = FetchRequest(url: url, sizeLimit: content.size)
        expectations = Expectations(size: content.size, digests: content.digests)
        image = ImageExpectations(relaxed: Set(SafetyRule.allCases))
        recorded = Set(content.digests.map(\.algorithm))
        unpacks = false
        unpacker = Unpacker(limits: UnpackLimits())
        stores = [store]
        isOneStoreEnough = false
    }

    /// Whether a fetch that is interrupted can go on: a validator proves that the object is the same, or an expected
    /// digest will.
    func canResume(_ source: SourceFacts) -> Bool {
        source.strongValidator != nil || expectsDigest
    }

    /// Whether the digest of the whole will tell what bytes these are.
    var expectsDigest: Bool { !expectations.digests.isEmpty }

    /// What is missing behind the bytes that are there.
    func fetch(from resumption: Resumption) -> FetchRequest {
        var request = fetch
        request.resume = ResumePoint(
            offset: resumption.offset, validator: resumption.source.strongValidator,
            isUnproven: resumption.isUnproven)
        return request
    }

    /// The same plan with what the digest list, if one is named, says of the file; from then on that is expected like
    /// what the message itself says. It is asked for once an attempt, before the bytes, however the attempt goes on.
    func withListedDigests(_ environment: JobEnvironment) async throws -> Self {
        guard let list = expectations.digestsURL else { return self }
        let listed = try await environment.digestLists.digests(
            of: fetch.url, in: list, credential: fetch.credential, source: environment.source)
        var plan = self
        for digest in listed {
            guard let known = expectations.digests.first(where: { $0.algorithm == digest.algorithm }) else {
                plan.expectations.digests.append(digest)
                continue
            }
            guard known == digest else {
                throw Failure(
                    .verificationFailed, "expect.digests says \(known), the list \(list) says \(digest)",
                    stage: .verifying)
            }
        }
        return plan
    }

    private static func imageExpectations(
        _ request: ImportRequest, stores: [StoreName], in environment: JobEnvironment
    ) -> ImageExpectations {
        let minimum = request.image.minimumDiskGiB ?? 0
        var relaxed = environment.relaxed.rules(for: request.image.profile, stores: stores)
        // Asked for as they are, packed bytes are stored without a look inside.
        if request.transform.decompress == Decompression.none { relaxed.insert(.wrapped) }
        return ImageExpectations(
            format: request.expectations.format, virtualSizeLimit: environment.limits.virtualBytes,
            minimumDisk: minimum > 0 ? minimum << 30 : nil, relaxed: relaxed)
    }

    private static func stores(
        _ names: [StoreName]?, in environment: JobEnvironment
    ) throws -> [any ImageStore] {
        let names = names ?? [.default]
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

    /// The same plan for what was made of the bytes: the producer said nothing of that.
    func storing(_ format: ImageFormat) -> Self {
        var plan = self
        plan.expectations = Expectations()
        plan.image.format = format
        plan.image.opaqueFormat = nil
        plan.conversion = nil
        return plan
    }

    /// What a message may ask for and this worker cannot do is refused, never silently left out.
    private static func requireSupported(_ conversion: ImageFormat?, in environment: JobEnvironment) throws {
        if let conversion, environment.converter == nil {
            throw Failure(
                .policyDenied, "images are not converted here: worker.scratch.path is not set", stage: .planning,
                violations: [
                    Violation(
                        path: "/transform/convert_to", rule: "needs worker.scratch.path", value: conversion.rawValue)
                ])
        }
    }
}

extension CredentialBook {
    /// The credential that an import names, if it names one and may use it.
    fileprivate func credential(for job: JobRequest, _ work: ImportRequest) throws -> FetchCredential? {
        guard let name = work.source.credential else { return nil }
        let accounts = [job.actor?.account, work.image.owner].compactMap { $0 }
        do throws(Refusal) {
            return try credential(
                name, for: work.source.url, accounts: Set(accounts), profile: work.image.profile)
        } catch {
            throw Failure(
                error.code, error.message, stage: .planning,
                violations: [Violation(path: "/source/credential", rule: error.rule, value: name)])
        }
    }
}

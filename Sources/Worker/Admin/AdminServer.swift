public import Catalog
import Foundation
import Hummingbird
import ImageModel
import ImageProfiles
import JobMessages
public import Logging

/// The HTTP port that answers questions about images and jobs, read-only, in the JSON that the commands print.
public struct AdminServer: Sendable {
    private let port: HTTPPort
    private let token: BearerToken?
    private let catalog: ImageCatalog
    private let views: ProfileViews

    /// A server that listens when it is run.
    ///
    /// - Parameters:
    ///   - token: What every request must show; nil where nobody but this machine can ask.
    ///   - views: Shows images and jobs in the words of profiles.
    public init(
        host: String, port: Int, token: BearerToken?, catalog: ImageCatalog, views: ProfileViews, logger: Logger
    ) {
        self.port = HTTPPort(host: host, port: port, logger: logger)
        self.token = token
        self.catalog = catalog
        self.views = views
    }

    /// Where it listens, `host:port`.
    public var address: String { port.address }

    /// Serves until the task is cancelled.
    ///
    /// - Throws: When the address cannot be listened on.
    public func run() async throws {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(
            middleware: AdminGate(token: token, routes: ["/v1/images", "/v1/images/{id}", "/v1/jobs", "/v1/jobs/{id}"]))
        router.add(middleware: AnswerLimit(port.limits.answers))
        router.get("v1/images") { request, _ in try await images(request) }
        router.get("v1/images/:id") { request, context in try await image(request, Self.id(context)) }
        router.get("v1/jobs") { request, _ in try await jobs(request) }
        router.get("v1/jobs/:id") { request, context in try await job(request, Self.id(context)) }
        try await port.serve(router, for: "admin")
    }

    // MARK: Images

    private func images(_ request: Request) async throws(AdminRefusal) -> Response {
        let query = try AdminQuery(request, allowing: ["status", "owner", "shared_with", "after", "limit", "view"])
        let profile = try view(in: query)
        let limit = try query.limit()
        let filter = ImageFilter(
            statuses: try query.words("status", of: ImageStatus.self), owner: try query.identifier("owner"),
            sharedWith: try query.identifier("shared_with"), after: try query.identifier("after"),
            limit: ListPage<Image>.probe(limit))
        let found = try await ask { rows -> [(Image, [Member])]? in
            if let after = filter.after, try rows.image(after) == nil { return nil }
            return try rows.images(filter).map { ($0, profile == nil ? [] : try rows.members(of: $0.id)) }
        }
        guard let found else { throw Self.unknown(filter.after, "image") }
        let page = ListPage(found, limit: limit)
        var response = Response(json: .array(page.rows.map { shown($0, members: $1, as: profile) }))
        response.link(nextPageOf: request, after: page.last?.0.id.rawValue)
        return response
    }

    /// Without this a list that cannot be gone on with would look like its end.
    private static func unknown<Kind>(_ after: Identifier<Kind>?, _ noun: String) -> AdminRefusal {
        AdminRefusal(.badRequest, "after=\(after?.rawValue ?? ""): the catalog knows no such \(noun)")
    }

    private func image(_ request: Request, _ text: String) async throws(AdminRefusal) -> Response {
        let profile = try view(in: AdminQuery(request, allowing: ["view"]))
        // What is no id is the id of no image.
        let (found, members) = try await ask { rows in
            guard let id = ImageID(text) else { return (nil as Image?, [Member]()) }
            return (try rows.image(id), try rows.members(of: id))
        }
        guard let image = found else { throw AdminRefusal(.notFound, "the catalog knows no image \(text)") }
        return Response(json: shown(image, members: members, as: profile))
    }

    private func shown(_ image: Image, members: [Member], as profile: String?) -> JSONValue {
        guard let profile else { return EventDataEncoder.json(image, includesLocationURLs: true) }
        return views.view(of: image, members: members, as: profile) ?? .null
    }

    // MARK: Jobs

    private func jobs(_ request: Request) async throws(AdminRefusal) -> Response {
        let query = try AdminQuery(request, allowing: ["state", "kind", "image", "after", "limit"])
        let kinds = try query.words("kind", of: JobKind.self)
        guard (kinds?.count ?? 1) == 1 else { throw AdminRefusal(.badRequest, "kind is given more than once") }
        let limit = try query.limit()
        let filter = JobFilter(
            states: try query.words("state", of: JobState.self), kind: kinds?.first,
            image: try query.identifier("image"), after: try query.identifier("after"),
            limit: ListPage<Job>.probe(limit))
        let found = try await ask { rows -> [Job]? in
            if let after = filter.after, try rows.job(after) == nil { return nil }
            return try rows.jobs(filter)
        }
        guard let found else { throw Self.unknown(filter.after, "job") }
        let page = ListPage(found, limit: limit)
        var response = Response(json: .array(try await explained(page.rows).map(EventDataEncoder.json)))
        response.link(nextPageOf: request, after: page.last?.id.rawValue)
        return response
    }

    private func job(_ request: Request, _ text: String) async throws(AdminRefusal) -> Response {
        let profile = try view(in: AdminQuery(request, allowing: ["view"]))
        let stored = try await ask { rows in try JobID(text).flatMap(rows.job) }
        guard let stored, let job = try await explained([stored]).first else {
            throw AdminRefusal(.notFound, "the catalog knows no job \(text)")
        }
        let data = try await ask { try $0.lastState(of: job) }
        guard let profile else { return Response(json: EventDataEncoder.json(data)) }
        guard let view = views.view(of: job, image: data.image, as: profile) else {
            throw AdminRefusal(
                .notFound, "the documents of profile \(profile) know no jobs of kind \(job.kind.rawValue)")
        }
        return Response(json: view)
    }

    // MARK: Parts of questions and answers

    private static func id(_ context: BasicRequestContext) -> String {
        let text = context.parameters.get("id") ?? ""
        return text.removingPercentEncoding ?? text
    }

    private func view(in query: AdminQuery) throws(AdminRefusal) -> String? {
        guard let profile = try query.text("view") else { return nil }
        guard ImageProfiles.ids.contains(profile) else {
            throw AdminRefusal(
                .badRequest,
                "there is no profile \"\(profile)\"; there are \(ImageProfiles.ids.joined(separator: ", "))")
        }
        return profile
    }

    private func ask<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(AdminRefusal) -> Result {
        do throws(CatalogError) {
            return try await catalog.read(body)
        } catch {
            throw AdminRefusal(.serviceUnavailable, error.message)
        }
    }

    private func explained(_ jobs: [Job]) async throws(AdminRefusal) -> [Job] {
        do throws(CatalogError) {
            return try await catalog.explained(jobs)
        } catch {
            throw AdminRefusal(.serviceUnavailable, error.message)
        }
    }
}

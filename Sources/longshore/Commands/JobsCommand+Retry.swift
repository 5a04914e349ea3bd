import ArgumentParser
import Catalog
import ImageModel
import JobMessages

extension JobsCommand {
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enqueue a failed or cancelled job again, as the new job ID~2.",
            discussion: """
                The new job asks for the same, for the same image; further ones are ID~3 and so on. Predecessors that \
                are done and a deadline that has passed are left out. The query of a source URL is a secret and was \
                wiped when the job ended: a job that had one needs --source-url with a fresh one.
                """)

        @Argument(help: "The id of the job to retry.")
        var id: String

        @Option(help: ArgumentHelp("Fetch from here instead; its query is kept secret.", valueName: "url"))
        var sourceURL: String?

        @OptionGroup var waiting: WaitOptions
        @OptionGroup var global: GlobalOptions

        mutating func run() async throws {
            let catalog = try CatalogAccess.openToRead(try global.settings())
            let given: JobID = try identifier(id, "ID")
            let id = RetryName(given)?.base ?? given
            guard let plan = try await catalog.ask({ try RetryPlan(of: id, in: $0) ?? RetryPlan(of: given, in: $0) })
            else { throw CommandTrouble(.notFound, "the catalog knows no job \(given)") }
            var request = try plan.request()
            var query: String?
            if let sourceURL {
                guard case .import(var work) = request.work else {
                    throw CommandTrouble(
                        .usage, "--source-url is for imports; job \(given) is a \(request.kind.rawValue)")
                }
                let parts = sourceURL.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
                work.source.url = String(parts[0])
                try FetchableURL.require(work.source.url, under: work.image.profile)
                query = parts.count > 1 ? String(parts[1]) : nil
                request.work = .import(work)
            } else if plan.hadSecretQuery {
                throw CommandTrouble(
                    .usage,
                    "the source URL of job \(plan.base.id) had a query, which was wiped when the job ended; give the "
                        + "whole URL with --source-url")
            }
            try await waiting.send(JobMessage(request, sourceQuery: query), global: global)
        }
    }
}

/// What is known of a job that is to be tried again.
private struct RetryPlan: Sendable {
    /// The job that was tried first.
    let base: Job
    /// The last of its retries; itself when there was none.
    let last: Job
    /// Whether one of them had a secret query.
    let hadSecretQuery: Bool
    /// The image it makes or changes.
    let image: Image?
    /// Predecessors that would still hold the job up or fail it.
    let after: [JobID]
    let now: Timestamp

    init?(of id: JobID, in rows: any CatalogReader) throws {
        guard let base = try rows.job(id) else { return nil }
        var tries = [base]
        while let next = try RetryName.id(of: id, number: tries.count + 1).flatMap(rows.job) { tries.append(next) }
        self.base = base
        last = tries.last ?? base
        hadSecretQuery = tries.contains { $0.hadSourceQuery == true }
        image = try base.imageID.flatMap(rows.image)
        after = try base.request.after.filter { try rows.job($0).map { $0.state != .succeeded } ?? false }
        now = rows.now
    }

    /// The job as it is enqueued again.
    func request() throws(CommandTrouble) -> JobRequest {
        guard last.state.isTerminal else {
            throw CommandTrouble(.usage, "job \(last.id) is \(last.state.rawValue); there is nothing to retry yet")
        }
        guard last.state != .succeeded else {
            throw CommandTrouble(.usage, "job \(last.id) has succeeded; there is nothing to retry")
        }
        guard let id = RetryName.id(of: base.id, number: (RetryName(last.id)?.number ?? 1) + 1) else {
            throw CommandTrouble(.usage, "the id \(base.id) is too long to be retried; send the job under another id")
        }
        var request = base.request
        request.id = id
        request.after = after
        if let deadline = request.deadline, deadline <= now { request.deadline = nil }
        // The image's id was announced when the first job was accepted, whoever made it.
        if let image, image.status == .failed || image.status == .cancelled {
            switch request.work {
            case .import(var work):
                work.image.id = image.id
                request.work = .import(work)
            case .copy(var work):
                work.newImage?.id = image.id
                request.work = .copy(work)
            case .share, .update, .delete, .cancel: break
            }
        }
        return request
    }
}

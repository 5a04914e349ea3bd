import Hummingbird
import JobMessages
import Synchronization

/// Answers so many requests at once; who asks beyond that is told to come back.
///
/// A question that has begun goes on when its client is gone, so the limit of connections alone would not bound what is
/// asked of the catalog.
final class AnswerLimit: RouterMiddleware {
    private let limit: Int
    private let answering = Atomic(0)

    init(_ limit: Int) {
        self.limit = limit
    }

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let others = answering.add(1, ordering: .relaxed).oldValue
        defer { answering.subtract(1, ordering: .relaxed) }
        guard others < limit else {
            var response = Response(
                status: .serviceUnavailable, json: ["error": ["message": "too many questions at once; ask again"]])
            response.headers[.retryAfter] = "1"
            return response
        }
        return try await next(request, context)
    }
}

import Hummingbird
import JobMessages

/// Lets in who may read, and answers everybody else, and every question without an answer, in the same form.
struct AdminGate: RouterMiddleware {
    let token: BearerToken?
    /// What there is, for those who ask for something else.
    let routes: [String]

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            try admit(request)
            return try await next(request, context)
        } catch let refusal as AdminRefusal {
            return refusal.response
        } catch let error as HTTPError where error.status == .notFound {
            let known = routes.joined(separator: ", ")
            return AdminRefusal(.notFound, "there is nothing here; there is \(known)").response
        }
    }

    private func admit(_ request: Request) throws(AdminRefusal) {
        if let token {
            guard token.isShown(by: request.headers[.authorization]) else {
                throw AdminRefusal(
                    .unauthorized, "the header Authorization must show the bearer token of admin.token",
                    headers: [.wwwAuthenticate: "Bearer realm=\"longshore\""])
            }
        } else if let host = request.head.authority, !Self.isLoopback(host) {
            // A name that was made to mean this machine, so that some page in a browser here could read the answer.
            throw AdminRefusal(
                .forbidden, "without admin.token this is only for 127.0.0.1, [::1] and localhost, not for other names")
        }
        guard request.method == .get || request.method == .head else {
            throw AdminRefusal(
                .methodNotAllowed, "everything here is read-only: use GET", headers: [.allow: "GET, HEAD"])
        }
    }

    private static func isLoopback(_ authority: String) -> Bool {
        if authority.hasPrefix("[::1]") { return true }
        let host = authority.prefix { $0 != ":" }.lowercased()
        let isAddress = host.allSatisfy { $0.isNumber || $0 == "." }
        return host == "localhost" || (isAddress && host.hasPrefix("127."))
    }
}

/// Why a question is not answered.
struct AdminRefusal: Error {
    let status: HTTPResponse.Status
    let message: String
    let headers: HTTPFields

    init(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) {
        self.status = status
        self.message = message
        self.headers = headers
    }

    /// `{"error":{"message":"…"}}`
    var response: Response {
        var response = Response(status: status, json: ["error": ["message": .string(message)]])
        response.headers.append(contentsOf: headers)
        return response
    }
}

extension Response {
    /// An answer in JSON that nobody keeps and no browser takes for anything else.
    init(status: HTTPResponse.Status = .ok, json: JSONValue) {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        headers[.xContentTypeOptions] = "nosniff"
        let body = ByteBuffer(bytes: JSONWriter.bytes(of: json) + [UInt8(ascii: "\n")])
        self.init(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}

import Foundation
import HTTPTypes
import Hummingbird

extension Response {
    /// Adds where the next page of a list is: the same question, behind its last row (RFC 8288).
    ///
    /// - Parameter id: The id of the last row; nil when there is no next page.
    mutating func link(nextPageOf request: Request, after id: String?) {
        guard let id, let link = HTTPField.Name("Link") else { return }
        let parameters = request.uri.queryParameters.filter { $0.key != "after" }.map { ($0.key, $0.value) }
        let query = (parameters + [("after", id[...])]).map { "\(Self.encoded($0))=\(Self.encoded($1))" }
        headers[link] = "<\(request.uri.path)?\(query.joined(separator: "&"))>; rel=\"next\""
    }

    private static func encoded(_ text: Substring) -> String {
        String(text).addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    /// RFC 3986, section 2.3.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

import CPostgreSQL
import Catalog
import Glibc

/// Where the database is: a connection URI of PostgreSQL with what is best for a catalog where the URI says nothing.
struct ConnectionAddress: Sendable {
    private let url: String
    /// The place for people: hosts and database, never a password.
    let place: String

    /// - Throws: ``CatalogError`` with `unusable` when libpq does not take the URI; what it says of it is not repeated,
    ///   because it repeats the URI.
    init(_ url: String) throws(CatalogError) {
        guard let options = PQconninfoParse(url, nil) else {
            throw CatalogError(.unusable, "catalog.url is no connection URI that PostgreSQL's client library takes")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        self.url = url
        let hosts = (values["host"] ?? values["hostaddr"] ?? "").split(separator: ",", omittingEmptySubsequences: false)
        let ports = (values["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false)
        let places = hosts.enumerated().map { index, host in
            let port = index < ports.count ? ports[index] : ports.first ?? ""
            return port.isEmpty ? "\(host)" : "\(host):\(port)"
        }
        place = "PostgreSQL at \(places.joined(separator: ","))" + (values["dbname"].map { "/\($0)" } ?? "")
    }

    /// Connects, within bounds even when nobody answers. The caller owns what comes back, which may be a failure.
    func connect() -> OpaquePointer? {
        // What stands before "dbname" yields to the URI; see PQconnectdbParams.
        let settings = Self.defaults + [("dbname", url)]
        let keywords = CStrings(settings.map(\.0))
        let values = CStrings(settings.map(\.1))
        return PQconnectdbParams(keywords.pointers, values.pointers, 1)
    }

    /// A dead server is noticed within half a minute, also by a call that only waits for an answer.
    private static let defaults = [
        ("application_name", "longshore"), ("target_session_attrs", "read-write"), ("client_encoding", "UTF8"),
        ("connect_timeout", "10"), ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "25000"),
    ]
}

/// An array of C strings that ends with NULL, alive as long as this is.
final class CStrings {
    private var strings: [UnsafeMutablePointer<CChar>?]
    let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>

    init(_ texts: [String?]) {
        strings = texts.map { $0.map { strdup($0) } ?? nil }
        pointers = .allocate(capacity: texts.count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = UnsafePointer(string) }
        pointers[texts.count] = nil
    }

    deinit {
        for string in strings { free(string) }
        pointers.deallocate()
    }
}

import Foundation
import TestSupport
import Testing

/// What lies in the stores of a site, as whoever looks from outside sees it: not through Longshore.
struct Inventory: Sendable {
    /// Committed objects: paths of files, or `/bucket/key` of S3.
    var objects: [String] = []
    /// Whatever an attempt has not cleaned up: files, multipart uploads, notes of who writes one.
    var staged: [String] = []

    /// Where the bytes of a replica should lie, in the words of ``objects``.
    static func place(of url: String?) -> String {
        guard let url else { return "?" }
        if url.hasPrefix("s3://") { return String(url.dropFirst("s3:/".count)) }
        return URL(string: url)?.path ?? "?"
    }

    /// All bytes of an object; nil when there is no such object.
    static func bytes(at place: String, in bucket: String?) async throws -> [UInt8]? {
        guard bucket != nil else { return FileManager.default.contents(atPath: place).map { Array($0) } }
        do {
            return try await RealS3.request("GET", place)
        } catch let failure as RealS3.RequestFailure where failure.answer.contains("NoSuchKey") {
            return nil
        }
    }
}

extension Site {
    /// The bucket of the store `default`; nil when it is a folder.
    var bucket: String? {
        guard let url = settings["stores.default.url"], url.hasPrefix("s3://") else { return nil }
        return url.dropFirst("s3://".count).split(separator: "/").first.map { String($0) }
    }

    /// Looks into all stores; with a bucket there is no other one.
    func inventory() async throws -> Inventory {
        guard let bucket else { return Inventory(objects: objects, staged: staged) }
        let keys = try await keys(of: bucket).filter { !$0.hasSuffix("/.longshore") }
        let notes = keys.filter { $0.hasSuffix(".resumed") }
        let uploads = try await RealS3.request("GET", "/\(bucket)?uploads=")
        return Inventory(
            objects: keys.filter { !$0.hasSuffix(".resumed") }.map { "/\(bucket)/\($0)" },
            staged: notes + Self.texts("Key", in: uploads).map { "multipart upload of \($0)" })
    }

    private func keys(of bucket: String) async throws -> [String] {
        var keys: [String] = []
        while true {
            let marker = keys.last?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let page = try await RealS3.request("GET", "/\(bucket)?marker=\(marker)")
            keys += Self.texts("Key", in: page)
            guard Self.texts("IsTruncated", in: page) == ["true"] else { return keys }
        }
    }

    private static func texts(_ element: String, in page: [UInt8]) -> [String] {
        String(decoding: page, as: UTF8.self).components(separatedBy: "<\(element)>").dropFirst()
            .compactMap { $0.components(separatedBy: "</\(element)>").first }
    }
}

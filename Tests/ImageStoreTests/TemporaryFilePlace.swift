import Foundation
import ImageModel
import ImageStore
import TestSupport
import Testing

/// A directory for one file store, gone with its owner.
final class TemporaryFilePlace: StorePlace {
    let path: String
    var url: String { "file://\(path)" }

    init() throws {
        // A name with a blank in it, as an operator may choose one.
        let parent = FileManager.default.temporaryDirectory.path
        path = "\(parent)/store \(UUID().uuidString)"
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func open(_ name: StoreName) throws -> any ImageStore {
        try FileStore(name: name, url: url)
    }

    func bytes(of object: StoredObject) throws -> [UInt8] {
        let url = try #require(URL(string: object.url))
        return try [UInt8](Data(contentsOf: url))
    }

    func litter() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("holiday".utf8).write(to: URL(fileURLWithPath: "\(path)/photo.jpg"))
    }

    /// The names in a directory of the store.
    func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(directory)").sorted()
    }

    /// The permission bits of a file in the store.
    func mode(of file: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(file)")
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    }
}

import Configuration
import Foundation
import Yams

/// A configuration file: the paths it sets, and its values as a snapshot of swift-configuration.
///
/// The snapshot alone could not say which keys the file holds, and so could not find a mistyped one.
struct ConfigurationFile: Sendable {
    /// More than this is no configuration.
    static let sizeLimit = 1 << 20

    let name: String
    private(set) var paths: [[String]] = []
    private(set) var problems: [SettingsError.Problem] = []
    private(set) var snapshot: (any ConfigSnapshot)?

    /// Reads a file; what cannot be read or understood becomes a problem.
    init(reading name: String) {
        self.name = name
        guard let handle = FileHandle(forReadingAtPath: name) else {
            fail(Self.exists(name) ? "cannot be read" : "no such file")
            return
        }
        do {
            let data = try handle.read(upToCount: Self.sizeLimit + 1) ?? Data()
            guard data.count <= Self.sizeLimit else {
                fail("is larger than \(Self.sizeLimit) bytes")
                return
            }
            parse(data)
        } catch {
            fail("cannot be read")
        }
    }

    static func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: name) }

    private mutating func parse(_ data: Data) {
        do {
            guard let top = try Yams.Parser(yaml: data).singleRoot(), top.null == nil else { return }
            guard case .mapping(let mapping) = top else {
                fail("must hold `key: value` lines at its top")
                return
            }
            walk(mapping, below: [])
            // A list of anything but plain values makes the snapshot throw; it is among the problems already.
            if problems.isEmpty {
                snapshot = try YAMLSnapshot(
                    data: data.bytes, providerName: name, parsingOptions: .init(secretsSpecifier: .all))
            }
        } catch let error as YamlError {
            fail(Self.describe(error))
        } catch {
            fail("is not YAML that can be read")
        }
    }

    private mutating func walk(_ mapping: Node.Mapping, below parent: [String]) {
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                fail("a key below '\(parent.joined(separator: "."))' is not a plain name", at: key.mark)
                continue
            }
            let path = parent + [scalar.string]
            switch value {
            case .mapping(let inner): walk(inner, below: path)
            case .sequence(let items):
                let isPlain = items.allSatisfy { if case .scalar = $0 { true } else { false } }
                if isPlain {
                    paths.append(path)
                } else {
                    problems.append(
                        .init(key: path.joined(separator: "."), message: "a list of plain values is allowed"))
                }
            default:
                // `key:` with nothing behind it says nothing.
                if value.null == nil { paths.append(path) }
            }
        }
    }

    private mutating func fail(_ message: String, at mark: Mark? = nil) {
        let place = mark.map { "\(name), line \($0.line)" } ?? name
        problems.append(.init(key: place, message: message))
    }

    /// The parser's complaint without the excerpt it comes with, which may hold a password.
    private static func describe(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "is not YAML at line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, _):
            "says \(duplicates.map { "'\($0)'" }.joined(separator: ", ")) twice"
        default: "is not YAML in UTF-8"
        }
    }
}

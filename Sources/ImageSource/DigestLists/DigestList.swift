public import ImageModel

/// What a list of digests, as it is published beside images, says of one file.
///
/// Understood are the lines of `sha256sum` and its kin (`<hex>  <name>`, `<hex> *<name>`, with their escapes), those of
/// `--tag`, BSD and OpenSSL (`SHA256 (<name>) = <hex>`), and a file with nothing but one digest in it. Lines of any other
/// form are passed over. The algorithm follows from the label, else from the number of digits.
public struct DigestList: Sendable, Hashable {
    /// The largest list that is read, in bytes.
    public static let byteLimit = 1 << 20

    /// The digests of the file, one an algorithm, in the order of the algorithms.
    public let digests: [Digest]

    /// Why a list says nothing that could be relied on.
    public struct Problem: Error, Sendable, Equatable {
        /// The predicate of a sentence about the list; with the file's name in it, which is bounded and printable.
        public let predicate: String
    }

    /// Looks up a file.
    ///
    /// - Parameters:
    ///   - bytes: The list, as served.
    ///   - file: The file it is about.
    /// - Throws: ``Problem`` when the list does not name the file, says two things of it, or is too long.
    public init(_ bytes: [UInt8], about file: ListedFile) throws(Problem) {
        guard bytes.count <= Self.byteLimit else { throw Problem(predicate: "is longer than \(Self.byteLimit) bytes") }
        var findings = Findings(file: file)
        for line in DigestLines(bytes) { findings.note(line) }
        digests = try findings.verdict()
    }
}

/// The file that a list is asked about.
public struct ListedFile: Sendable, Hashable {
    /// The last segment of its URL's path, unescaped.
    let name: [UInt8]
    /// Its path from the directory in which the list lies; nil when it lies elsewhere.
    let path: [UInt8]?
    /// Whether 128 digits mean BLAKE2b, because the list's name says so, and not SHA-512.
    let prefersBLAKE2: Bool

    /// The file at `url`, as a list at `list` would name it; nil when its URL ends with a slash.
    public init?(url: String, list: String) {
        let segments = url.prefix { $0 != "?" && $0 != "#" }.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = segments.last, segments.count > 3, !last.isEmpty else { return nil }
        name = Array(String(last).percentDecoded.utf8)
        guard !name.contains(0), !name.contains(UInt8(ascii: "/")) else { return nil }
        let directory = list.lastIndex(of: "/").map { list[...$0] } ?? ""
        path = url.hasPrefix(directory) ? Array(String(url.dropFirst(directory.count)).percentDecoded.utf8) : nil
        let listName = list[directory.endIndex...].lowercased()
        prefersBLAKE2 = ["b2sum", "blake2", ".b2"].contains { listName.contains($0) }
    }

    /// The name, bounded and printable.
    var shown: String {
        let text = String(decoding: name.prefix(120), as: UTF8.self)
        return String(text.unicodeScalars.map { $0.value >= 0x20 && $0.value != 0x7F ? Character($0) : "?" })
    }
}

/// What was found so far.
private struct Findings {
    let file: ListedFile
    /// Entries with the file's very path.
    private var exact: [Digest] = []
    /// Entries with its name, in whatever directory.
    private var named: [Digest] = []
    /// The only digest without a name, as long as it is the only line.
    private var bare: Digest?
    private var bareCount = 0
    private var entryCount = 0

    init(file: ListedFile) {
        self.file = file
    }

    mutating func note(_ line: DigestLine) {
        guard let digest = line.digest(prefersBLAKE2: file.prefersBLAKE2) else { return }
        guard let path = line.name else {
            bareCount += 1
            bare = digest
            return
        }
        entryCount += 1
        let relative = path.starts(with: Array("./".utf8)) ? Array(path.dropFirst(2)) : path
        let slash = relative.lastIndex { $0 == UInt8(ascii: "/") }
        guard relative[(slash.map { $0 + 1 } ?? 0)...].elementsEqual(file.name) else { return }
        // Whoever repeats a line says nothing new, and takes no memory.
        if !named.contains(digest) { named.append(digest) }
        if relative == file.path, !exact.contains(digest) { exact.append(digest) }
    }

    func verdict() throws(DigestList.Problem) -> [Digest] {
        var found = exact.isEmpty ? named : exact
        if found.isEmpty, entryCount == 0, bareCount == 1, let bare { found = [bare] }
        guard !found.isEmpty else { throw DigestList.Problem(predicate: "names no digest of \"\(file.shown)\"") }
        guard Set(found.map(\.algorithm)).count == found.count else {
            throw DigestList.Problem(predicate: "names different digests of \"\(file.shown)\"")
        }
        return found.sorted { $0.algorithm < $1.algorithm }
    }
}

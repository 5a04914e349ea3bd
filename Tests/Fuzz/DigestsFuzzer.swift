import ImageModel

@testable import ImageSource

/// Shows the parser of digest lists one list: it must not trap, and what it finds must stand there.
///
/// The first byte chooses which file is asked about; the rest is the list.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDigests(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start, count: count).dropFirst())
    let name = ["i.img", "a%5Cb%0A", "%C3%A9", "-", "d/e"][Int(start.pointee) % 5]
    let list = ["https://h/d/SHA256SUMS", "https://h/d/b2sums", "https://h/SUMS"][Int(start.pointee) % 3]
    guard let file = ListedFile(url: "https://h/d/\(name)", list: list) else { return 0 }
    do throws(DigestList.Problem) {
        let found = try DigestList(bytes, about: file).digests
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        precondition(!found.isEmpty, "nothing was found, and no reason given")
        precondition(Set(found.map(\.algorithm)).count == found.count, "one algorithm twice")
        for digest in found { precondition(text.contains(digest.hex), "\(digest) stands nowhere") }
    } catch {
        precondition(error.predicate.utf8.count < 1_024, "a sentence is too long")
    }
    return 0
}

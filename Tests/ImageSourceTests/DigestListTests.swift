import ImageModel
import Testing

@testable import ImageSource

@Suite("Lists of digests")
struct DigestListTests {
    private static let md5 = String(repeating: "1a", count: 16)
    private static let sha256 = String(repeating: "2b", count: 32)
    private static let other = String(repeating: "3c", count: 32)
    private static let sha512 = String(repeating: "4d", count: 64)

    private func lookUp(
        _ text: String, _ url: String = "https://h/d/i.img", list: String = "https://h/d/SHA256SUMS"
    ) -> Result<[String], DigestList.Problem> {
        Result { () throws(DigestList.Problem) -> [String] in
            guard let file = ListedFile(url: url, list: list) else {
                throw DigestList.Problem(predicate: "is about no file")
            }
            return try DigestList(Array(text.utf8), about: file).digests.map(\.description)
        }
    }

    @Test(
        "Every usual form is understood",
        arguments: [
            "\(sha256)  i.img\n", "\(sha256) *i.img\n", "\(sha256)\ti.img", "\(sha256.uppercased())  i.img\r\n",
            "\(sha256)  ./i.img\n", "SHA256 (i.img) = \(sha256)\n", "SHA256(i.img)= \(sha256)\n",
            "SHA2-256 (i.img) = \(sha256)", "# comment\n\n\(other)  j.img\n\(sha256)  i.img\n\(other)  i.img.sig\n",
            "\u{FEFF}\(sha256)  i.img\n", "\(sha256)\n", "\(sha256)  \n", "\(sha256)  i.img\n\(sha256)  i.img\n",
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- SHA256 (i.img) = \(sha256)\n"
                + "-----BEGIN PGP SIGNATURE-----\n\n\(other)  i.img\n-----END PGP SIGNATURE-----\n",
        ])
    func forms(text: String) {
        #expect(lookUp(text) == .success(["sha256:\(Self.sha256)"]))
    }

    @Test("The algorithm follows from the label, else from the number of digits and the list's own name")
    func algorithms() {
        #expect(lookUp("\(Self.md5)  i.img") == .success(["md5:\(Self.md5)"]))
        #expect(lookUp("\(Self.sha512)  i.img") == .success(["sha512:\(Self.sha512)"]))
        #expect(
            lookUp("\(Self.sha512)  i.img", list: "https://h/d/B2SUMS") == .success(["blake2b-512:\(Self.sha512)"]))
        #expect(lookUp("BLAKE2b (i.img) = \(Self.sha512)") == .success(["blake2b-512:\(Self.sha512)"]))
        #expect(
            lookUp("MD5 (i.img) = \(Self.md5)\nSHA512 (i.img) = \(Self.sha512)\nSHA3-256 (i.img) = \(Self.other)")
                == .success(["md5:\(Self.md5)", "sha512:\(Self.sha512)"]))
    }

    @Test(
        "The file is the last segment of the URL, unescaped; its very path wins over its name",
        arguments: [
            ("\(sha256)  a b.img", "https://h/d/a%20b.img"), ("\\\(sha256)  a\\\\b", "https://h/d/a%5Cb"),
            ("\\\(sha256)  a\\nb", "https://h/d/a%0Ab"), ("\(sha256)  i (1).img", "https://h/d/i%20(1).img"),
            ("SHA256 (i (1).img) = \(sha256)", "https://h/d/i%20(1).img"),
            ("\(sha256)  ./x/i.img\n\(other)  ./y/i.img", "https://h/d/x/i.img"),
            ("\(sha256)  x/i.img", "https://h/d/i.img"), ("\(sha256)  x/i.img", "https://mirror/i.img"),
        ])
    func names(text: String, url: String) {
        #expect(lookUp(text, url) == .success(["sha256:\(Self.sha256)"]))
    }

    @Test(
        "A list that does not name the file, or says two things of it, is refused",
        arguments: [
            "", "\n\n", "<html>404</html>", "\(sha256)  j.img", "\(sha256)  I.img", "\(sha256)  i.img.sig",
            "\(sha256)  xi.img", "\(sha256.dropLast())  i.img", "\(sha256)0  i.img", "\(sha256)i.img",
            "SHA3-256 (i.img) = \(sha256)", "SHA512 (i.img) = \(sha256)", "SHA256 (i.img) = \(sha256)x",
            "SHA256 (i.img) \(sha256)", "\(sha256)  i.img\n\(other)  i.img",
            "SHA256 (i.img) = \(sha256)\n\(other)  i.img", "\(sha256)  x/i.img\n\(other)  y/i.img",
            "\(sha256)\n\(other)", "\(sha256)\n\(other)  j.img", "\\\(sha256)  i\\x.img",
            "-----BEGIN PGP SIGNATURE-----\n\(sha256)  i.img\n",
            String(repeating: " ", count: 1 << 20) + "\n\(sha256)  i.img",
        ])
    func refused(text: String) throws {
        let result = lookUp(text)
        #expect(throws: DigestList.Problem.self, "\(result)") { try result.get() }
    }

    @Test(
        "What ends with a slash names no file",
        arguments: ["https://h/d/", "https://h", "https://h/", "https://h/a%2Fb", "https://h/a%00"])
    func noFile(url: String) {
        #expect(ListedFile(url: url, list: "https://h/SUMS") == nil)
    }

    @Test("What is shown of a file's name is short and printable")
    func shown() throws {
        let file = try #require(
            ListedFile(url: "https://h/" + String(repeating: "%1Bx", count: 500), list: "https://h/SUMS"))
        #expect(file.shown.count == 120)
        #expect(file.shown.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }
}

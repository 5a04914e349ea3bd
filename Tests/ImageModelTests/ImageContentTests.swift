import Foundation
import ImageModel
import Testing

@Suite("Content of images")
struct ImageContentTests {
    @Test("Content that was written before findings were kept is read without any")
    func withoutFindings() throws {
        let old = Data(#"{"format":"raw","size":1,"virtualSize":2,"digests":[]}"#.utf8)
        let content = try JSONDecoder().decode(ImageContent.self, from: old)
        #expect(content == ImageContent(format: .raw, size: 1, virtualSize: 2, digests: []))
    }

    @Test("Findings are read back")
    func findings() throws {
        let finding = Finding(rule: .backingFile, severity: .warning, offset: 8, message: "m")
        let content = ImageContent(format: .qcow2, size: 1, virtualSize: 2, digests: [], findings: [finding])
        #expect(try JSONDecoder().decode(ImageContent.self, from: try JSONEncoder().encode(content)) == content)
    }
}

import ImageInspection
import Testing

@Suite("Wrappers are known by their first bytes")
struct WrapperTests {
    @Test(
        "Each wrapper is found, however much follows",
        arguments: [
            (Wrapper.gzip, [0x1F, 0x8B, 0x08, 0x00]), (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
            (.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (.bzip2, [0x42, 0x5A, 0x68, 0x39]),
            (.lz4, [0x04, 0x22, 0x4D, 0x18]), (.zip, [0x50, 0x4B, 0x03, 0x04]),
            (.lha, [0x20, 0x00, 0x2D, 0x6C, 0x68, 0x35, 0x2D]),
        ] as [(Wrapper, [UInt8])])
    func found(wrapper: Wrapper, magic: [UInt8]) {
        for tail in [0, 1, 5_000] {
            let bytes = magic + [UInt8](repeating: 0xA5, count: tail)
            #expect(bytes.withUnsafeBytes { Wrapper(startingWith: $0) } == wrapper)
        }
    }

    @Test(
        "Nothing else is taken for one",
        arguments: [
            [], [0x1F], [0x1F, 0x8B, 0x00], [0x42, 0x5A, 0x68, 0x30], [0x42, 0x5A, 0x68], [0x51, 0x46, 0x49, 0xFB],
            [0x50, 0x4B, 0x05, 0x06], [0x00, 0x1F, 0x8B, 0x08],
        ] as [[UInt8]])
    func notFound(bytes: [UInt8]) {
        #expect(bytes.withUnsafeBytes { Wrapper(startingWith: $0) } == nil)
    }
}

import ImageModel
import Testing

@testable import ImageInspection

@Suite("Memory of the inspector")
struct MemoryTests {
    @Test("It stays in its bounds whatever the headers ask for", arguments: ["plain", "vmdk", "vhdx", "tar", "qcow2"])
    func bounds(_ kind: String) {
        var bytes = noise(3 << 20)
        switch kind {
        case "vmdk":
            bytes = bytes.patched(0, "KDMV").patched(4, littleEndian(UInt32(1))).patched(20, littleEndian(UInt64(128)))
                .patched(28, littleEndian(UInt64(1))).patched(36, littleEndian(UInt64(2_047)))
                .patched(44, littleEndian(UInt32(512))).patched(73, [0x0A, 0x20, 0x0D, 0x0A])
        case "vhdx":
            bytes = bytes.patched(0, "vhdxfile")
            for place in [65_536, 131_072] {
                bytes = bytes.patched(place, "head").patched(place + 66, [1, 0]).vhdxSummed(at: place, length: 4_096)
            }
        case "tar": bytes = bytes.patched(257, "ustar")
        case "qcow2": bytes = bytes.patched(0, [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3]).patched(20, [0, 0, 0, 21])
        default: break
        }
        for cut in Cut.few {
            var inspector = ImageInspector()
            var most = 0
            bytes.withUnsafeBytes { all in
                for range in cut.chunks(of: all.count) {
                    inspector.look(at: UnsafeRawBufferPointer(rebasing: all[range]))
                    most = max(most, inspector.heldBytes)
                }
            }
            #expect(most <= (kind == "vmdk" ? 1_536 << 10 : 512 << 10))
        }
    }
}

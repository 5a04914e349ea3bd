import ImageModel

@testable import ImageInspection

/// How a stream is cut into chunks.
enum Cut: Sendable, CustomStringConvertible {
    case every(Int)
    /// Chunks of 1 to 70,000 bytes.
    case random(seed: UInt64)

    var description: String {
        switch self {
        case .every(let size): "every \(size)"
        case .random(let seed): "random \(seed)"
        }
    }

    static let few: [Self] = [.every(4_093), .every(1 << 20)]
    static let many: [Self] = [.every(512), .every(65_536), .every(1 << 20), .random(seed: 1), .random(seed: 2)]
    /// These take their time, so they are for what is not long.
    static let small: [Self] = [.every(1), .every(17)]

    func chunks(of count: Int) -> [Range<Int>] {
        var state = if case .random(let seed) = self { seed } else { UInt64(0) }
        var ranges: [Range<Int>] = []
        var start = 0
        while start < count {
            let size =
                switch self {
                case .every(let size): size
                case .random:
                    {
                        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                        return 1 + Int(state >> 33) % 70_000
                    }()
                }
            let end = min(start + size, count)
            ranges.append(start..<end)
            start = end
        }
        return ranges
    }
}

/// The complete report on a stream, refused or not.
func inspect(
    _ bytes: [UInt8], _ cut: Cut = .every(65_536), expecting expectations: ImageExpectations = ImageExpectations()
) -> ImageReport {
    var inspector = ImageInspector(expectations: expectations)
    bytes.withUnsafeBytes { all in
        for range in cut.chunks(of: all.count) { inspector.look(at: UnsafeRawBufferPointer(rebasing: all[range])) }
    }
    return inspector.report()
}

/// What refuses a stream as it goes by, as an import sees it, and after how many bytes.
func refusal(
    of bytes: [UInt8], _ cut: Cut = .every(65_536), expecting expectations: ImageExpectations = ImageExpectations()
) -> (error: InspectionError, after: Int64)? {
    var inspector = ImageInspector(expectations: expectations)
    do throws(InspectionError) {
        for range in cut.chunks(of: bytes.count) {
            var failure: InspectionError?
            bytes.withUnsafeBytes { all in
                do throws(InspectionError) {
                    try inspector.update(UnsafeRawBufferPointer(rebasing: all[range]))
                } catch { failure = error }
            }
            if let failure { throw failure }
        }
        _ = try inspector.finish()
        return nil
    } catch {
        return (error, inspector.position)
    }
}

extension ImageReport {
    /// The rules of the findings that refuse the image.
    var broken: [SafetyRule] { findings.filter { $0.severity == .error }.map(\.rule) }
    var rules: [SafetyRule] { findings.map(\.rule) }
}

import ImageModel

/// What the readers' notes amount to, under what was expected.
struct Judgement {
    let report: ImageReport

    init(readers: [RunningReader], position: Int64, hasEnded: Bool, expectations: ImageExpectations) {
        let claims = readers.filter { $0.sheet.format != nil }.map(\.sheet)
        let format = claims.first?.format ?? .raw
        var notes = readers.flatMap(\.sheet.notes)
        notes += Self.ambiguity(of: claims, in: readers)
        let boot = Self.boot(of: readers)
        var virtualSize = claims.isEmpty ? position : claims.first?.virtualSize
        if hasEnded {
            if claims.isEmpty, position > 0, boot.partitionTable == nil {
                notes.append(Self.blank(expectations))
            }
        } else if claims.isEmpty, position <= Self.footerLength {
            virtualSize = nil
        } else if claims.isEmpty {
            // The last sector may turn out to be the footer of a vhd, which is no part of its disk.
            virtualSize = position - Self.footerLength
        }
        notes += Self.mismatch(of: claims, in: readers, hasEnded: hasEnded, expectations)
        notes += Self.transparency(of: claims, boot, expectations)
        if let virtualSize { notes += Self.excess(of: virtualSize, expectations) }
        report = ImageReport(
            format: format, virtualSize: virtualSize, size: position, blockSize: claims.first?.blockSize,
            encryption: claims.lazy.compactMap(\.encryption).first, boot: boot,
            findings: notes.map {
                Finding(
                    rule: $0.rule, severity: expectations.severity(of: $0.rule), offset: $0.offset,
                    message: $0.message)
            })
    }

    /// A hybrid disc has a boot catalog and a partition table.
    private static func boot(of readers: [RunningReader]) -> BootLayout {
        readers.map(\.sheet.boot).reduce(into: BootLayout()) { whole, part in
            whole.partitionTable = whole.partitionTable ?? part.partitionTable
            whole.hasBIOS = whole.hasBIOS || part.hasBIOS
            whole.hasUEFI = whole.hasUEFI || part.hasUEFI
        }
    }

    private static let footerLength: Int64 = 512

    /// Where a raw disk, whose size no header tells, passes what is expected of it.
    static func limits(_ expectations: ImageExpectations) -> [Int64] {
        [expectations.virtualSizeLimit, expectations.minimumDisk].compactMap { limit in
            guard let limit, limit < Int64.max - footerLength else { return nil }
            return limit + footerLength + 1
        }
    }

    private static func ambiguity(of claims: [FormatSheet], in readers: [RunningReader]) -> [FormatSheet.Note] {
        var names = claims.compactMap(\.format?.rawValue)
        let table = readers.lazy.compactMap(\.sheet.boot.partitionTable).first
        if let table, let only = claims.first, !only.beginsWithDisk { names.append("a disk with a \(table.rawValue)") }
        guard names.count > 1 else { return [] }
        return [
            .init(
                rule: .ambiguousFormat, offset: 0, message: "the bytes are valid as \(names.joined(separator: " and "))"
            )
        ]
    }

    /// What is said of bytes that show nothing of what they are.
    private static func blank(_ expectations: ImageExpectations) -> FormatSheet.Note {
        guard let name = expectations.opaqueFormat else {
            return .init(rule: .unpartitioned, offset: 0, message: "the disk has no partition table")
        }
        return .init(
            rule: .opaqueFormat, offset: nil,
            message: "the image is said to be \(name), which only its vendor can look into")
    }

    /// What is declared to be of a format that nobody can look into must not be one that everybody can.
    private static func transparency(
        of claims: [FormatSheet], _ boot: BootLayout, _ expectations: ImageExpectations
    ) -> [FormatSheet.Note] {
        let disk = boot.partitionTable.map { "a disk with a \($0.rawValue)" }
        guard let opaque = expectations.opaqueFormat, let found = claims.first?.format?.rawValue ?? disk else {
            return []
        }
        let message = "declared as \(opaque), the image is \(found)"
        return [.init(rule: .formatMismatch, offset: nil, message: message)]
    }

    private static func mismatch(
        of claims: [FormatSheet], in readers: [RunningReader], hasEnded: Bool, _ expectations: ImageExpectations
    ) -> [FormatSheet.Note] {
        guard let expected = expectations.format else { return [] }
        func note(_ found: String) -> [FormatSheet.Note] {
            let message = "expected format \(expected.rawValue), the image is \(found)"
            return [.init(rule: .formatMismatch, offset: nil, message: message)]
        }
        if let other = claims.first(where: { $0.format?.imageFormat != expected }) {
            return note(other.format?.rawValue ?? "another")
        }
        guard claims.isEmpty, expected != .raw else { return [] }
        if hasEnded { return note("raw") }
        let canStill = readers.contains { reader in
            DetectedFormat(rawValue: expected.rawValue).map { reader.mayBecome($0) } ?? false
        }
        return canStill ? [] : note("not")
    }

    private static func excess(of virtualSize: Int64, _ expectations: ImageExpectations) -> [FormatSheet.Note] {
        var notes: [FormatSheet.Note] = []
        if let limit = expectations.virtualSizeLimit, virtualSize > limit {
            let message = "the image describes a disk of \(virtualSize) bytes; limits.virtual_bytes is \(limit)"
            notes.append(.init(rule: .sizeLimit, offset: nil, message: message))
        }
        if let minimum = expectations.minimumDisk, virtualSize > minimum {
            let message = "the image describes a disk of \(virtualSize) bytes; min_disk_gib allows for \(minimum)"
            notes.append(.init(rule: .minDiskTooSmall, offset: nil, message: message))
        }
        return notes
    }
}

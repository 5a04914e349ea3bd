import ImageModel

extension MessageReader {
    /// The `source` of an import, its query kept apart.
    mutating func source(_ place: Place) -> (location: SourceLocation, query: String?)? {
        guard let object = object(place) else { return nil }
        var url: SourceURL?
        var credential: String?
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "url": url = self.url(inside)
            case "credential": credential = configuredName(inside)
            default: noteUnknown(inside, in: "source")
            }
        }
        if object["url"] == nil { noteMissing("url", in: place.path) }
        return url.map { (SourceLocation(url: $0.withoutQuery, credential: credential), $0.query) }
    }

    mutating func expectations(_ place: Place) -> Expectations? {
        guard let object = object(place) else { return nil }
        var expectations = Expectations()
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "size": expectations.size = integer(inside, in: 0...Int64.max)
            case "format": expectations.format = choice(inside)
            case "digests": expectations.digests = digestValues(inside) ?? []
            case "digests_url": expectations.digestsURL = digestsURL(inside)
            default: noteUnknown(inside, in: "expect")
            }
        }
        return expectations
    }

    /// A query would be a secret that has no place of its own to be kept and wiped, so there must be none.
    private mutating func digestsURL(_ place: Place) -> String? {
        guard let url = url(place) else { return nil }
        guard url.query == nil else {
            note("must be a URL without a query", at: place.path, value: ShortenedText.show(.string(url.withoutQuery)))
            return nil
        }
        return url.withoutQuery
    }

    /// Algorithm to hexadecimal, in the order in which digests are listed everywhere.
    private mutating func digestValues(_ place: Place) -> [Digest]? {
        guard let object = object(place) else { return nil }
        var digests: [Digest] = []
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            guard let algorithm = DigestAlgorithm(rawValue: member.name) else {
                noteUnknown(inside, in: "digests: \(DigestAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
                continue
            }
            if let digest = inside.value.string.flatMap({ Digest(algorithm, hex: $0) }) {
                digests.append(digest)
            } else {
                note("must be \(algorithm.byteLength * 2) hexadecimal digits", inside)
            }
        }
        return digests.sorted { $0.algorithm < $1.algorithm }
    }

    mutating func digestAlgorithms(_ place: Place) -> [DigestAlgorithm]? {
        list(place, count: 1...6, of: "digest algorithms", isUnique: true) { $0.choice($1) }
    }

    mutating func transform(_ place: Place) -> Transform? {
        guard let object = object(place) else { return nil }
        var transform = Transform()
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "decompress": transform.decompress = choice(inside)
            case "convert_to": transform.convertTo = choice(inside, among: Self.conversionTargets)
            default: noteUnknown(inside, in: "transform")
            }
        }
        return transform
    }

    /// Every format that can be written; an ISO image is no disk to convert to.
    static let conversionTargets: [ImageFormat] = [.raw, .qcow2, .vmdk, .vhd, .vhdx, .vdi]

    mutating func storeNames(_ place: Place) -> [StoreName]? {
        list(place, count: 1...8, of: "store names", isUnique: true) { $0.identifier($1) }
    }
}

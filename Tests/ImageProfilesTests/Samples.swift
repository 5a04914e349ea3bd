import Foundation
import ImageModel
import ImageProfiles
import Testing

/// An image as each test wants it, from one that is whole and usable.
func image(
    _ id: String = "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", _ details: ImageDetails,
    status: ImageStatus = .active, content: ImageContent? = nil, _ change: (inout Image) -> Void = { _ in }
) throws -> Image {
    var image = Image(
        id: try #require(ImageID(id)), details: details, status: status, revision: 1, content: content,
        createdAt: try moment("2024-06-02T07:49:48Z"), updatedAt: try moment("2024-06-02T19:49:49Z"))
    change(&image)
    return image
}

func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

func account(_ text: String) throws -> AccountID { try #require(AccountID(text)) }

func digest(_ algorithm: DigestAlgorithm, _ hex: String) throws -> Digest {
    try #require(Digest(algorithm, hex: hex))
}

func member(_ name: String, _ status: MemberStatus) throws -> Member {
    let time = try moment("2024-06-03T00:00:00Z")
    return Member(account: try account(name), status: status, createdAt: time, updatedAt: time)
}

/// The violations of an import, as `path: rule` lines.
func violations(
    _ profile: any ImageProfile, _ image: ImageSpecification, url: String = "https://objects.example/a.qcow2",
    expect: Expectations = Expectations(), transform: Transform = Transform(), stores: [StoreName]? = nil
) -> [Violation] {
    let request = ImportRequest(
        image: image, source: SourceLocation(url: url), expectations: expect, transform: transform, stores: stores)
    return profile.violations(of: ImageDraft(request, details: details(image)))
}

func details(_ image: ImageSpecification) -> ImageDetails {
    ImageDetails(
        name: image.name, owner: image.owner, profile: image.profile, description: image.description ?? "",
        visibility: image.visibility ?? .private, isProtected: image.isProtected ?? false, tags: image.tags ?? [],
        minimumDiskGiB: image.minimumDiskGiB ?? 0, minimumRAMMiB: image.minimumRAMMiB ?? 0,
        os: image.os ?? OperatingSystem(), properties: image.properties ?? [:])
}

extension DocumentValue {
    /// The same value as Foundation's classes, which compare with what it parsed.
    var plain: NSObject {
        switch self {
        case .string(let text): text as NSString
        case .integer(let number): NSNumber(value: number)
        case .number(let number): NSNumber(value: number)
        case .bool(let value): NSNumber(value: value)
        case .array(let values): values.map(\.plain) as NSArray
        case .object(let members):
            Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value.plain) }) as NSDictionary
        }
    }
}

/// Expects every field of `sample` in `document`, equal, and no other field.
func expect(
    _ document: DocumentValue?, equals sample: String, location: SourceLocationOfTest = #_sourceLocation
) throws {
    let wanted = try #require(
        try JSONSerialization.jsonObject(with: Data(sample.utf8)) as? NSDictionary, sourceLocation: location)
    let found = try #require(document?.plain as? NSDictionary, sourceLocation: location)
    let names = Set(wanted.allKeys.compactMap { $0 as? String }).union(found.allKeys.compactMap { $0 as? String })
    for name in names.sorted() {
        let isEqual = (wanted[name] as? NSObject) == (found[name] as? NSObject)
        #expect(
            isEqual, "\(name): \(String(describing: found[name])) is not \(String(describing: wanted[name]))",
            sourceLocation: location)
    }
}

typealias SourceLocationOfTest = Testing.SourceLocation

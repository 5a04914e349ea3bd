public import ImageModel

/// A cloud's own way to see an image: its document, its rules, and what it asks before a job.
///
/// A profile is a pure function of an image and a ``ProfileContext``. No word of a vendor appears outside its profile,
/// and adding a profile is adding one file and its name to ``ImageProfiles/all``.
///
/// Where a vendor's document has no word for a state that Longshore knows (no document but two knows failure), the
/// view shows ours, marked as ours: ``DocumentValue/ours(_:)``. A state that is not usable never shows a usable word.
public protocol ImageProfile: Sendable {
    /// The id by which messages name the profile.
    static var id: String { get }

    /// How the vendor shares images.
    static var sharing: SharingTerms { get }

    /// The profile in the surroundings of this deployment.
    init(in context: ProfileContext)

    /// The image in the vendor's document: its fields, types and words; absent fields are absent, never null.
    func document(of image: ProfiledImage) -> DocumentValue

    /// Every rule that what is said of an image breaks, before anything is fetched; empty when it breaks none.
    func violations(of draft: ImageDraft) -> [Violation]

    /// Every rule that the stored bytes break together with what is said of them; empty when they break none.
    ///
    /// Asked of an import once its bytes are known, and of every update.
    func violations(of content: ImageContent, with draft: ImageDraft) -> [Violation]

    /// The URL that a source means which is written in the vendor's own form; any other URL as it is.
    func url(ofSource url: String) -> String

    /// Why bytes cannot be fetched from a place that the vendor's own services take, or nil when that is not for the profile
    /// to say. Asked of an import that breaks no rule.
    ///
    /// - Parameter url: The source's URL, without its query.
    func refusal(ofSource url: String) -> Failure?

    /// The format that is declared when only the vendor knows how it is laid out; nil for every other.
    func opaqueFormat(of details: ImageDetails) -> String?

    /// Why the vendor does not let this work be done on the image now, or nil when it does.
    ///
    /// Only asked of copies, shares, updates and deletes; what holds for every image is not repeated here.
    func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure?

    /// What is said of a copy that becomes an image of its own.
    func details(ofCopy details: ImageDetails) -> ImageDetails

    /// A job in the vendor's words, or nil when the vendor's documents know no jobs.
    func document(of job: Job, image: Image?) -> DocumentValue?
}

extension ImageProfile {
    /// Nothing is asked of the bytes.
    public func violations(of content: ImageContent, with draft: ImageDraft) -> [Violation] { [] }

    /// The vendor writes URLs like everybody.
    public func url(ofSource url: String) -> String { url }

    /// The vendor knows no other places than everybody.
    public func refusal(ofSource url: String) -> Failure? { nil }

    /// There is none.
    public func opaqueFormat(of details: ImageDetails) -> String? { nil }

    /// Nothing is asked beyond what holds for every image.
    public func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? { nil }

    /// A copy says the same.
    public func details(ofCopy details: ImageDetails) -> ImageDetails { details }

    /// Jobs are not in the vendor's documents.
    public func document(of job: Job, image: Image?) -> DocumentValue? { nil }
}

/// How a vendor shares images.
public struct SharingTerms: Hashable, Sendable {
    /// Whether the member must accept before it may use the image; else an offer is accepted at once.
    public var needsAcceptance: Bool
    /// How many members an image may have; nil for no limit of the vendor's.
    public var memberLimit: Int?

    /// Terms from their parts.
    public init(needsAcceptance: Bool, memberLimit: Int? = nil) {
        self.needsAcceptance = needsAcceptance
        self.memberLimit = memberLimit
    }
}

/// The profiles that this program knows, in the surroundings of one deployment.
public struct ImageProfiles: Sendable {
    /// Every profile there is.
    public static let all: [any ImageProfile.Type] = [
        NCPProfile.self, IMSProfile.self, SCPProfile.self, ZStackProfile.self,
    ]

    /// The ids of all profiles, in alphabetical order.
    public static var ids: [String] { all.map { $0.id }.sorted() }

    private let profiles: [String: any ImageProfile]

    /// The profiles, each with its own context; what `contexts` does not name has an empty one.
    public init(_ contexts: [String: ProfileContext] = [:]) {
        profiles = Dictionary(
            uniqueKeysWithValues: Self.all.map { ($0.id, $0.init(in: contexts[$0.id] ?? ProfileContext())) })
    }

    /// The profile of this id, or nil when there is none.
    public subscript(id: String) -> (any ImageProfile)? { profiles[id] }

    /// Why an image of this profile cannot be accepted, or nil when the profile is known or none is named.
    public func refusal(ofUnknown id: String?) -> Failure? {
        guard let id, profiles[id] == nil else { return nil }
        let known = Self.ids.joined(separator: ", ")
        return Failure(
            .ruleViolated, "there is no profile \"\(id)\"; there are \(known)", stage: .planning,
            violations: [Violation(path: "/image/profile", rule: "one of \(known)", value: id)])
    }
}

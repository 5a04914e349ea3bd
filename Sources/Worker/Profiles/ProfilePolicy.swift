public import Catalog
public import ImageModel
public import ImageProfiles

/// The rules of vendors' profiles, as the catalog asks for them.
public struct ProfilePolicy: ImagePolicy {
    private let profiles: ImageProfiles
    private let retention: Duration
    private let retentionByProfile: [String: Duration]

    /// The policy of these profiles.
    ///
    /// - Parameters:
    ///   - retention: How long deleted images can be restored.
    ///   - retentionByProfile: The same, for images of a profile.
    public init(
        _ profiles: ImageProfiles, retention: Duration = .zero, retentionByProfile: [String: Duration] = [:]
    ) {
        self.profiles = profiles
        self.retention = retention
        self.retentionByProfile = retentionByProfile
    }

    /// An unknown profile is refused; a known one names every rule that the import breaks.
    public func refusal(of request: ImportRequest, making details: ImageDetails) -> Failure? {
        if let unknown = profiles.refusal(ofUnknown: details.profile) { return unknown }
        guard let profile = profile(of: details) else { return nil }
        return failure(profile.violations(of: ImageDraft(request, details: details)), of: details)
            ?? profile.refusal(ofSource: request.source.url)
    }

    /// A vendor may write sources in a form of its own.
    public func sourceURL(of request: ImportRequest, making details: ImageDetails) -> String {
        profile(of: details)?.url(ofSource: request.source.url) ?? request.source.url
    }

    /// What the profile asks of the bytes.
    public func refusal(
        of content: ImageContent, from request: ImportRequest, making details: ImageDetails
    ) -> Failure? {
        guard let profile = profile(of: details) else { return nil }
        return failure(profile.violations(of: content, with: ImageDraft(request, details: details)), of: details)
    }

    /// What the profile calls so.
    public func opaqueFormat(of details: ImageDetails) -> String? {
        profile(of: details)?.opaqueFormat(of: details)
    }

    /// What an update sets obeys the profile, and fits the bytes that are there.
    public func refusal(of request: UpdateRequest, of image: Image, leaving details: ImageDetails) -> Failure? {
        guard let profile = profile(of: details) else { return nil }
        let draft = ImageDraft(request, after: details)
        let ofContent = image.content.map { profile.violations(of: $0, with: draft) } ?? []
        return failure(profile.violations(of: draft) + ofContent, of: details)
    }

    /// What the profile asks before a job, and the bound it sets to members.
    public func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? {
        guard let profile = profile(of: image.details) else { return nil }
        if let refusal = profile.refusal(of: work, on: image, members: members) { return refusal }
        guard case .share(let request) = work, request.action == .offer,
            let limit = type(of: profile).sharing.memberLimit
        else { return nil }
        let others = members.filter { $0.account != request.member && $0.status != .stopped }
        guard others.count >= limit else { return nil }
        return Failure(
            .notShareable, "image \(image.id) has \(others.count) members; \(type(of: profile).id) allows \(limit)",
            stage: .planning)
    }

    /// Vendors without a step of acceptance share at once.
    public func acceptsOffersAtOnce(of image: Image) -> Bool {
        profile(of: image.details).map { !type(of: $0).sharing.needsAcceptance } ?? false
    }

    /// What the profile says of copies.
    public func details(ofCopy details: ImageDetails) -> ImageDetails {
        profile(of: details)?.details(ofCopy: details) ?? details
    }

    /// What the configuration says for the image's profile, else for all.
    public func retention(of image: Image) -> Duration {
        image.details.profile.flatMap { retentionByProfile[$0] } ?? retention
    }

    private func profile(of details: ImageDetails) -> (any ImageProfile)? {
        details.profile.flatMap { profiles[$0] }
    }

    private func failure(_ violations: [Violation], of details: ImageDetails) -> Failure? {
        guard let first = violations.first else { return nil }
        let more = violations.count > 1 ? "; \(violations.count - 1) more" : ""
        return Failure(
            .ruleViolated,
            "profile \(details.profile ?? "-"): \(first.path) must be \(first.rule), but is \(first.value)\(more)",
            stage: .planning, violations: violations)
    }
}

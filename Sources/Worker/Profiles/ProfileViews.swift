public import ImageModel
public import ImageProfiles
public import JobMessages

/// Images and jobs in their profiles' own words, as JSON.
public struct ProfileViews: Sendable {
    private let profiles: ImageProfiles

    /// The views of these profiles.
    public init(_ profiles: ImageProfiles = ImageProfiles()) {
        self.profiles = profiles
    }

    /// The `view` of an event: its image in the words of the image's profile, or nil when it has none.
    public func view(of event: ImageEvent) -> JSONValue? {
        guard let image = event.data.image, let profile = image.details.profile else { return nil }
        return view(of: image, members: event.data.members ?? [], as: profile)
    }

    /// An image in the words of a profile, whatever its own; nil when there is no such profile.
    public func view(of image: Image, members: [Member], as profile: String) -> JSONValue? {
        profiles[profile].map { JSONValue($0.document(of: ProfiledImage(image, members: members))) }
    }

    /// A job in the words of a profile; nil when the vendor's documents know no jobs.
    public func view(of job: Job, image: Image?, as profile: String) -> JSONValue? {
        profiles[profile]?.document(of: job, image: image).map { JSONValue($0) }
    }
}

extension JSONValue {
    fileprivate init(_ value: DocumentValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = JSONNumber(number).map(JSONValue.number) ?? .null
        case .bool(let value): self = .bool(value)
        case .array(let values): self = .array(values.map { JSONValue($0) })
        case .object(let members):
            self = .object(JSONObject(members.map { JSONObject.Member(name: $0.name, value: JSONValue($0.value)) }))
        }
    }
}

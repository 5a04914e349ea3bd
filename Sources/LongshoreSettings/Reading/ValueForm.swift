/// How one text becomes a value and back: what a kind of key accepts.
struct ValueForm<Value: Sendable & Equatable>: Sendable {
    /// What of a refused text an error may show.
    enum Disclosure: Sendable {
        case whole
        case withoutURLSecrets
        case nothing
    }

    /// The kind of value in one word, for the documentation.
    let kind: String
    /// What is accepted, to follow "allowed is".
    let allowed: String
    let disclosure: Disclosure
    /// The value, or nil when the text is not allowed.
    let parse: @Sendable (String) -> Value?
    /// The text that parses to the value.
    let text: @Sendable (Value) -> String

    init(
        _ kind: String,
        allowed: String,
        disclosure: Disclosure = .whole,
        text: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String) -> Value?
    ) {
        self.kind = kind
        self.allowed = allowed
        self.disclosure = disclosure
        self.parse = parse
        self.text = text
    }

    /// The refused text as an error may show it; nil when it may not.
    func shown(_ text: String) -> String? {
        let visible =
            switch disclosure {
            case .whole: text
            case .withoutURLSecrets: ServiceURL.withoutSecrets(text)
            case .nothing: ""
            }
        guard disclosure != .nothing else { return nil }
        return visible.count > 200 ? "\(visible.prefix(200))…" : visible
    }
}

import ImageModel

/// Reads values out of a message and notes every rule they break, in the order of the document.
///
/// A method that returns nil has noted why.
struct MessageReader {
    private(set) var violations: [Violation] = []
    /// More are not worth the memory: a hostile message may break a rule in every one of its bytes.
    private static let noteLimit = 1_000

    mutating func note(_ rule: String, at path: JSONPointer, value: String = "") {
        guard violations.count < Self.noteLimit else { return }
        violations.append(Violation(path: path.description, rule: rule, value: value))
    }

    mutating func note(_ rule: String, _ place: Place) {
        note(rule, at: place.path, value: ShortenedText.show(place.value))
    }

    mutating func noteMissing(_ name: String, in path: JSONPointer) {
        note("is required", at: path.appending(name))
    }

    /// The value of an unknown member is not shown: nobody knows what it is, so it may be a secret.
    mutating func noteUnknown(_ place: Place, in what: String) {
        note("is not a member of \(what)", at: place.path)
    }

    // MARK: Scalars

    mutating func text(_ place: Place, characters: ClosedRange<Int>) -> String? {
        guard case .string(let text) = place.value, characters.contains(text.unicodeScalars.count) else {
            let range = characters.lowerBound == 0 ? "at most" : "\(characters.lowerBound) to"
            note("must be a string of \(range) \(characters.upperBound) characters", place)
            return nil
        }
        return text
    }

    mutating func identifier<Kind: IdentifierKind>(_ place: Place) -> Identifier<Kind>? {
        guard let identifier = place.value.string.flatMap(Identifier<Kind>.init) else {
            note(Identifier<Kind>.rule, place)
            return nil
        }
        return identifier
    }

    mutating func integer(_ place: Place, in range: ClosedRange<Int64>) -> Int64? {
        guard let number = place.value.integer, range.contains(number) else {
            note("must be an integer from \(range.lowerBound) to \(range.upperBound)", place)
            return nil
        }
        return number
    }

    mutating func flag(_ place: Place) -> Bool? {
        guard let flag = place.value.bool else {
            note("must be true or false", place)
            return nil
        }
        return flag
    }

    mutating func choice<Choice: RawRepresentable<String>>(
        _ place: Place, among choices: [Choice]
    ) -> Choice? {
        guard let choice = place.value.string.flatMap(Choice.init), choices.contains(where: { $0 == choice }) else {
            note("must be one of \(choices.map(\.rawValue).joined(separator: ", "))", place)
            return nil
        }
        return choice
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ place: Place) -> Choice? {
        choice(place, among: Array(Choice.allCases))
    }

    mutating func moment(_ place: Place) -> Timestamp? {
        guard let moment = place.value.string.flatMap(Timestamp.init(rfc3339:)) else {
            note("must be an RFC 3339 time with an offset", place)
            return nil
        }
        return moment
    }

    mutating func url(_ place: Place) -> SourceURL? {
        guard let text = place.value.string else {
            note("must be a string with an absolute URL", place)
            return nil
        }
        do {
            return try SourceURL(text)
        } catch {
            note(error.rule, at: place.path, value: error.shown)
            return nil
        }
    }

    // MARK: Containers

    mutating func object(_ place: Place) -> JSONObject? {
        guard let object = place.value.object else {
            note("must be an object", place)
            return nil
        }
        return object
    }

    /// The elements that could be read, when there are as many as there may be.
    mutating func list<Element>(
        _ place: Place, count: ClosedRange<Int>, of things: String, isUnique: Bool = false,
        _ element: (inout Self, Place) -> Element?
    ) -> [Element]? where Element: Hashable {
        guard let values = place.value.array, count.contains(values.count) else {
            let range = count.lowerBound == 0 ? "at most" : "\(count.lowerBound) to"
            note("must be an array of \(range) \(count.upperBound) \(things)", place)
            return nil
        }
        var elements: [Element] = []
        for (index, value) in values.enumerated() {
            let inside = Place(value, at: place.path.appending(index))
            guard let read = element(&self, inside) else { continue }
            if isUnique, elements.contains(read) {
                note("must not come twice", inside)
            } else {
                elements.append(read)
            }
        }
        return elements
    }
}

extension Identifier {
    /// The character rule, as a clause for whoever broke it.
    static var rule: String {
        "must be \(Kind.noun.hasPrefix("i") || Kind.noun.hasPrefix("a") ? "an" : "a") \(Kind.noun): 1 to "
            + "\(Kind.lengthLimit) of A-Z a-z 0-9 \(Kind.punctuation), beginning with a letter or digit"
    }
}

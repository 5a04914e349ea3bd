/// Why a text is no XML that is read here.
struct XMLFault: Error, Equatable {
    /// What is wrong, as the end of a sentence.
    let reason: String
    /// The byte where it was noticed.
    let offset: Int
}

/// What tells the place where a store lies from every other, however many hosts reach it under whatever path.
///
/// It is made with the store's marker and lies in it, so it moves with a store that is copied as a whole.
public struct StoreIdentity: Hashable, Sendable, CustomStringConvertible {
    /// The word that the marker holds.
    public var rawValue: String

    /// An identity from the word that a marker or a catalog holds.
    public init(_ word: String) { rawValue = word }

    /// The word.
    public var description: String { rawValue }
}

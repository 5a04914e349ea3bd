public import ImageModel

/// The question which places the stores of a catalog are.
public protocol StoreReader {
    /// What was recorded of the store of this name; nil while nobody has adopted one.
    func identity(ofStore name: StoreName) throws -> StoreIdentity?
}

/// The writes about the places that stores are.
public protocol StoreRows {
    /// Records which place the store of this name is, unless that is known.
    ///
    /// - Returns: What is known from then on.
    func recordIdentity(_ identity: StoreIdentity, ofStore name: StoreName) throws -> StoreIdentity
}

public import ImageModel
public import ImageStore

/// An empty place for one store, made anew for each case of ``ImageStoreConformance``.
///
/// It can open any number of stores on the same bytes, as several workers do, and look at an object behind their back.
public protocol StorePlace: Sendable {
    /// A store on this place.
    func open(_ name: StoreName) async throws -> any ImageStore

    /// The bytes of a committed object, read without the store.
    func bytes(of object: StoredObject) async throws -> [UInt8]

    /// Puts something there that no store of ours would.
    func litter() async throws
}

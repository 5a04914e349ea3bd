public import ImageModel

extension ImageCatalog {
    /// Which place the store of this name is; nil while no worker has adopted one.
    public func identity(ofStore name: StoreName) async throws(CatalogError) -> StoreIdentity? {
        try await read { try $0.identity(ofStore: name) }
    }

    /// Records which place the store of this name is. The first worker that adopts it says so for all: a second one with
    /// another place under the same name would store images that the others cannot find.
    ///
    /// - Returns: What is recorded, which is `identity` unless another was before.
    public func recordIdentity(
        _ identity: StoreIdentity, ofStore name: StoreName
    ) async throws(CatalogError) -> StoreIdentity {
        try await write { ledger in try ledger.rows.recordIdentity(identity, ofStore: name) }
    }
}

public import ImageModel
public import ImageStore

extension S3Store {
    /// Writes the marker when there is nothing yet below the prefix; checks the marker when there is one.
    ///
    /// Of workers that write at once one wins where the service has conditional writes. Elsewhere the marker is read back,
    /// and whoever finds another's gives way.
    public func adopt(for catalog: CatalogID) async throws(StoreError) {
        if try await isAdopted(by: catalog) { return }
        let marker = StoreMarker(catalog: catalog, store: name, madeAt: CallNetwork.wallClock())
        try await asking("write the marker") { () async throws(S3Failure) in
            do throws(S3Failure) {
                try await client.put(place.key(S3Layout.marker), CallBody(marker.encoded), mustBeNew: true)
            } catch  where error.isPreconditionFailure {}
        }
        guard let marker = try await self.marker() else {
            throw StoreError(
                .storeUnavailable, "store \(name): the marker in \(place) vanished", isTransient: true)
        }
        try marker.check(for: catalog, of: name, in: place.description)
    }

    /// The moment at which the marker was made.
    public func identity() async throws(StoreError) -> StoreIdentity? {
        try await marker()?.identity
    }

    /// Reads the marker, and looks what lies there when there is none.
    public func isAdopted(by catalog: CatalogID) async throws(StoreError) -> Bool {
        guard let marker = try await marker() else {
            try await refuseStrangeObjects()
            return false
        }
        try marker.check(for: catalog, of: name, in: place.description)
        return true
    }

    private func marker() async throws(StoreError) -> StoreMarker? {
        let bytes = try await asking("read the marker") { () async throws(S3Failure) in
            try await client.get(place.key(S3Layout.marker))
        }
        guard let bytes else { return nil }
        return try StoreMarker(bytes, of: name, in: place.description)
    }

    private func refuseStrangeObjects() async throws(StoreError) {
        let marker = place.key(S3Layout.marker)
        var stranger: String?
        try await asking("list the store") { () async throws(S3Failure) in
            try await client.list(place.prefix, limit: 2) { objects, _ in
                // Consoles make an empty object of the prefix's own name when one makes a "folder".
                stranger = objects.map(\.key).first { $0 != marker && $0 != place.prefix }
                return false
            }
        }
        guard let stranger, try await self.marker() == nil else { return }
        throw StoreError(
            .policyDenied,
            "store \(name): \(place) has no marker and is not empty (\"\(stranger.prefix(128))\"), so it is not a store",
            isTransient: false)
    }
}

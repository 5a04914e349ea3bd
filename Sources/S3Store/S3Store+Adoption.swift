public import ImageModel
public import ImageStore

extension S3Store {
    /// Writes the marker when there is nothing yet below the prefix; checks the marker when there is one.
    ///
    /// Of workers that write at once one wins where the service has conditional writes. Elsewhere the marker is read back,
    /// and whoever finds another's gives way.
    public func adopt(for catalog: CatalogID) async throws(StoreError) {
        if let marker = try await marker() { return try marker.check(for: catalog, in: place) }
        try await refuseStrangeObjects()
        let marker = S3StoreMarker(catalog: catalog, store: name, madeAt: CallNetwork.wallClock())
        try await asking("write the marker") { () async throws(S3Failure) in
            do throws(S3Failure) {
                try await client.put(place.key(S3Layout.marker), CallBody(marker.encoded), mustBeNew: true)
            } catch  where error.isPreconditionFailure {}
        }
        guard let marker = try await self.marker() else {
            throw StoreError(
                .storeUnavailable, "store \(name): the marker in \(place) vanished", isTransient: true)
        }
        try marker.check(for: catalog, in: place)
    }

    /// The moment at which the marker was made.
    public func identity() async throws(StoreError) -> StoreIdentity? {
        try await marker().map { StoreIdentity($0.madeAt) }
    }

    /// Reads the marker; a prefix without one is nobody's.
    public func requireOwned(by catalog: CatalogID) async throws(StoreError) {
        guard let marker = try await marker() else {
            throw StoreError(
                .policyDenied, "store \(name): \(place) has no marker, so nothing is removed there", isTransient: false)
        }
        try marker.check(for: catalog, in: place)
    }

    private func marker() async throws(StoreError) -> S3StoreMarker? {
        let bytes = try await asking("read the marker") { () async throws(S3Failure) in
            try await client.get(place.key(S3Layout.marker))
        }
        guard let bytes else { return nil }
        return try S3StoreMarker(bytes, in: place)
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

import Glibc
import ImageModel

extension FileStore {
    /// Makes the directories and the marker, or checks the marker that is there. Blocks.
    func adoptNow(for catalog: CatalogID) throws(StoreError) {
        try storeErrors(in: name) {
            let root = try openOrMakeRoot()
            if let marker = try FileStoreMarker(in: root, of: name) {
                try check(marker, for: catalog)
            } else {
                try refuseStrangeEntries(in: root)
                try FileStoreMarker(catalog: catalog, store: name).write(into: root)
                // Another worker may have been first; what counts is what lies there now.
                guard let marker = try FileStoreMarker(in: root, of: name) else {
                    throw StoreError(
                        .storeUnavailable, "store \(name): the marker in \(root.path) vanished", isTransient: true)
                }
                try check(marker, for: catalog)
            }
            try root.makeDirectory(FileStoreLayout.staging, mode: FileStoreModes.directory)
            try root.makeDirectory(FileStoreLayout.objects, mode: FileStoreModes.directory)
        }
    }

    /// What the marker says; nil where there is none. Blocks.
    func identityNow() throws(StoreError) -> StoreIdentity? {
        let root: Directory
        do {
            root = try Directory(path: location.path)
        } catch {
            guard error.number == ENOENT else { throw StoreError(error, in: name) }
            return nil
        }
        return try FileStoreMarker(in: root, of: name).map { StoreIdentity($0.madeAt) }
    }

    private func openOrMakeRoot() throws -> Directory {
        do {
            return try Directory(path: location.path)
        } catch  where error.number == ENOENT {
            try Directory.makeAll(location.path, mode: FileStoreModes.directory)
            return try Directory(path: location.path)
        }
    }

    func check(_ marker: FileStoreMarker, for catalog: CatalogID) throws(StoreError) {
        guard marker.version == FileStoreMarker.currentVersion else {
            throw StoreError(
                .storeUnavailable,
                "store \(name): \(location.path) has layout \(marker.version), this worker understands "
                    + "\(FileStoreMarker.currentVersion)", isTransient: false)
        }
        guard marker.catalog == catalog else {
            throw StoreError(
                .policyDenied,
                "store \(name): \(location.path) belongs to catalog \(marker.catalog), not to \(catalog)",
                isTransient: false)
        }
        guard marker.store == name else {
            throw StoreError(
                .policyDenied,
                "store \(name): \(location.path) was adopted under the name \(marker.store), to which replicas point",
                isTransient: false)
        }
    }

    private func refuseStrangeEntries(in root: Directory) throws(StoreError) {
        let stranger = try storeErrors(in: name) { try root.firstEntry { !FileStoreMarker.isExpected($0) } }
        guard let stranger else { return }
        // Between our look for a marker and this listing another worker may have adopted the store.
        guard try FileStoreMarker(in: root, of: name) == nil else { return }
        throw StoreError(
            .policyDenied,
            "store \(name): \(location.path) has no marker and is not empty (\"\(stranger)\"), so it is not a store",
            isTransient: false)
    }
}

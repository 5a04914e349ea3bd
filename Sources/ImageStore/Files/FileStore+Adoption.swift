import Glibc
import ImageModel

extension FileStore {
    /// Makes the directories and the marker, or checks the marker that is there. Blocks.
    func adoptNow(for catalog: CatalogID) throws(StoreError) {
        try storeErrors(in: name) {
            let root = try openOrMakeRoot()
            if try !isAdopted(root, by: catalog) {
                try StoreMarker(catalog: catalog, store: name).write(into: root)
                // Another worker may have been first; what counts is what lies there now.
                guard let marker = try StoreMarker(in: root, of: name) else {
                    throw StoreError(
                        .storeUnavailable, "store \(name): the marker in \(root.path) vanished", isTransient: true)
                }
                try marker.check(for: catalog, of: name, in: location.path)
            }
            try root.makeDirectory(FileStoreLayout.staging, mode: FileStoreModes.directory)
            try root.makeDirectory(FileStoreLayout.objects, mode: FileStoreModes.directory)
        }
    }

    /// Whether the marker is this catalog's; false where there is nothing yet. Blocks.
    func isAdoptedNow(by catalog: CatalogID) throws(StoreError) -> Bool {
        try withRoot { root throws(StoreError) in try isAdopted(root, by: catalog) } ?? false
    }

    /// What the marker says; nil where there is none. Blocks.
    func identityNow() throws(StoreError) -> StoreIdentity? {
        try withRoot { root throws(StoreError) in try StoreMarker(in: root, of: name)?.identity } ?? nil
    }

    /// Nil where there is no directory.
    private func withRoot<Result>(
        _ body: (Directory) throws(StoreError) -> Result
    ) throws(StoreError) -> Result? {
        let root: Directory
        do {
            root = try Directory(path: location.path)
        } catch {
            guard error.number == ENOENT else { throw StoreError(error, in: name) }
            return nil
        }
        return try body(root)
    }

    private func isAdopted(_ root: Directory, by catalog: CatalogID) throws(StoreError) -> Bool {
        guard let marker = try StoreMarker(in: root, of: name) else {
            try refuseStrangeEntries(in: root)
            return false
        }
        try marker.check(for: catalog, of: name, in: location.path)
        return true
    }

    private func openOrMakeRoot() throws -> Directory {
        do {
            return try Directory(path: location.path)
        } catch  where error.number == ENOENT {
            try Directory.makeAll(location.path, mode: FileStoreModes.directory)
            return try Directory(path: location.path)
        }
    }

    private func refuseStrangeEntries(in root: Directory) throws(StoreError) {
        let stranger = try storeErrors(in: name) { try root.firstEntry { !StoreMarker.isExpected($0) } }
        guard let stranger else { return }
        // Between our look for a marker and this listing another worker may have adopted the store.
        guard try StoreMarker(in: root, of: name) == nil else { return }
        throw StoreError(
            .policyDenied,
            "store \(name): \(location.path) has no marker and is not empty (\"\(stranger)\"), so it is not a store",
            isTransient: false)
    }
}

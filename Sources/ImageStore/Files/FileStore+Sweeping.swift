import Glibc
public import ImageModel

extension FileStore: SweptStore {
    /// Reads the marker, and looks what lies there when there is none.
    public func isAdopted(by catalog: CatalogID) async throws(StoreError) -> Bool {
        try await blocking { () throws(StoreError) in try isAdoptedNow(by: catalog) }
    }

    /// The staging directory, and each directory of objects.
    public func shelves() async throws(StoreError) -> [StoreShelf] {
        try await blocking { () throws(StoreError) in
            try storeErrors(in: name) {
                let objects = try Directory(path: location.path).directory(FileStoreLayout.objects)
                return [StoreShelf(holdsObjects: false, name: FileStoreLayout.staging)]
                    + (try objects.names()).filter(FileStoreLayout.isObjectPrefix).sorted()
                    .map { StoreShelf(holdsObjects: true, name: $0) }
            }
        }
    }

    /// The files whose names are those of transfers, in the order of the names.
    public func items(on shelf: StoreShelf) async throws(StoreError) -> [StoredItem] {
        try await blocking { () throws(StoreError) in
            try storeErrors(in: name) {
                let root = try Directory(path: location.path)
                let directory =
                    shelf.holdsObjects
                    ? try root.directory(FileStoreLayout.objects).directory(shelf.name) : try root.directory(shelf.name)
                return try directory.names().sorted().compactMap { try item($0, in: directory, on: shelf) }
            }
        }
    }

    private func item(_ entry: String, in directory: Directory, on shelf: StoreShelf) throws -> StoredItem? {
        guard let transfer = TransferID(entry), let file = try? FileStoreLayout.FileName(transfer, in: name),
            !shelf.holdsObjects || file.prefix == shelf.name,
            // It may have gone since it was listed.
            let status = try directory.status(of: entry), status.isRegularFile
        else { return nil }
        return StoredItem(
            transfer: transfer, objectKey: shelf.holdsObjects ? file.objectKey : nil, size: status.size,
            modifiedAt: status.modifiedAt)
    }
}

extension FileStoreLayout {
    /// Whether a name in `objects` can be one of this layout's directories.
    static func isObjectPrefix(_ name: String) -> Bool {
        name.utf8.count == 2
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}

extension Directory {
    /// The names in this directory, in the order of the file system.
    func names() throws(SystemCallError) -> [String] {
        var names: [String] = []
        _ = try firstEntry { name in
            names.append(name)
            return false
        }
        return names
    }
}

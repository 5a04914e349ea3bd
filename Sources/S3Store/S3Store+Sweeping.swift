import ImageModel
public import ImageStore

extension S3Store: SweptStore {
    private static let uploads = StoreShelf(holdsObjects: false, name: "uploads")

    /// The uploads that have not ended, and each folder of objects.
    public func shelves() async throws(StoreError) -> [StoreShelf] {
        var folders: [StoreShelf] = []
        try await asking("list the store") { () async throws(S3Failure) in
            let objects = place.key(S3Layout.objects)
            try await client.list(objects, delimiter: true) { _, found in
                for folder in found where folder.hasPrefix(objects) {
                    let name = folder.dropFirst(objects.count).dropLast()
                    if name.utf8.count == 2 { folders.append(StoreShelf(holdsObjects: true, name: String(name))) }
                }
                return true
            }
        }
        return [Self.uploads] + folders
    }

    /// Uploads, with the sum of their parts and the age of the newest; or objects, among them what says who writes a transfer,
    /// as staged bytes. Only keys that this store makes.
    public func items(on shelf: StoreShelf) async throws(StoreError) -> [StoredItem] {
        try await asking("list the store") { () async throws(S3Failure) in
            shelf.holdsObjects ? try await objects(in: shelf.name) : try await stagedItems()
        }
    }

    private func stagedItems() async throws(S3Failure) -> [StoredItem] {
        var items: [StoredItem] = []
        for upload in try await client.uploads(place.key(S3Layout.objects)) {
            guard let (transfer, _) = transfer(of: upload.key) else { continue }
            let parts = try await client.parts(of: upload.id, upload.key)
            items.append(
                StoredItem(
                    transfer: transfer, objectKey: nil, size: parts.reduce(0) { $0 + $1.size },
                    modifiedAt: parts.reduce(upload.begunAt) { max($0, $1.modifiedAt) }))
        }
        return items
    }

    private func objects(in folder: String) async throws(S3Failure) -> [StoredItem] {
        var items: [StoredItem] = []
        try await client.list(place.key("\(S3Layout.objects)\(folder)/")) { objects, _ in
            for object in objects {
                guard let (transfer, path) = transfer(of: object.key) else { continue }
                items.append(
                    StoredItem(
                        transfer: transfer, objectKey: path, size: object.size, modifiedAt: object.modifiedAt))
            }
            return true
        }
        return items
    }

    /// The transfer that a key is of, and its path when it is that of an object.
    private func transfer(of key: String) -> (TransferID, String?)? {
        guard key.hasPrefix(place.prefix) else { return nil }
        let path = String(key.dropFirst(place.prefix.count))
        let isObject = !path.hasSuffix(S3Layout.resumed)
        guard let name = S3Layout.Name(path: isObject ? path : String(path.dropLast(S3Layout.resumed.count))),
            let transfer = TransferID(name.text)
        else { return nil }
        return (transfer, isObject ? path : nil)
    }
}

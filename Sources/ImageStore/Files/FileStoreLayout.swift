import ImageModel

/// Where a file store keeps what, below its root:
///
/// ```
/// .longshore                  the marker: whose store this is
/// staging/<transfer>          bytes on their way, one file a transfer
/// objects/<xy>/<transfer>     committed objects, spread by the transfer's last two characters
/// ```
///
/// The last characters, because ids that begin with a time begin alike. There are at most 36 * 36 directories.
enum FileStoreLayout {
    static let marker = ".longshore"
    static let staging = "staging"
    static let objects = "objects"

    /// A transfer id that is safe as a file name: 4 to 64 of `a-z`, `0-9` and `-`, with letters or digits at the ends.
    struct FileName {
        let name: String

        init(_ transfer: TransferID, in store: StoreName) throws(StoreError) {
            guard let name = Self(transfer.rawValue) else {
                throw StoreError(
                    .internal, "store \(store): transfer id \"\(transfer)\" is not safe as a file name",
                    isTransient: false)
            }
            self = name
        }

        /// The transfer whose object has this key.
        init(objectKey: String, in store: StoreName) throws(StoreError) {
            let last = objectKey.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
            guard let name = Self(String(last)), name.objectKey == objectKey else {
                throw StoreError(
                    .internal, "store \(store): \"\(objectKey.prefix(128))\" is not a key of this store",
                    isTransient: false)
            }
            self = name
        }

        private init?(_ text: String) {
            let bytes = Array(text.utf8)
            guard (4...64).contains(bytes.count), bytes.allSatisfy({ Self.isAlphanumeric($0) || $0 == Self.dash }),
                let first = bytes.first, Self.isAlphanumeric(first), bytes.suffix(2).allSatisfy(Self.isAlphanumeric)
            else { return nil }
            name = text
        }

        /// The directory in `objects`.
        var prefix: String { String(name.suffix(2)) }
        /// The store's own key of the object: its path below the root.
        var objectKey: String { "\(FileStoreLayout.objects)/\(prefix)/\(name)" }

        private static let dash = UInt8(ascii: "-")

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }
}

/// The modes of what a file store makes: the owner writes, the group reads, and nobody changes an object.
enum FileStoreModes {
    static let directory: UInt32 = 0o750
    static let staged: UInt32 = 0o640
    static let committed: UInt32 = 0o440
}

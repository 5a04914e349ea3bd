import ImageModel
import ImageStore

/// Where an S3 store keeps what, below its prefix:
///
/// ```
/// .longshore                       the marker: whose store this is
/// objects/<xy>/<transfer>          committed objects, and the multipart uploads that become them
/// objects/<xy>/<transfer>.resumed  who writes a transfer that is gone on with
/// ```
///
/// `<xy>` are the transfer's last two characters, so that a part of the store can be listed by itself.
///
/// The parts of an upload cannot be read. To go on with them, a successor completes the upload as it is, reads the object
/// that this makes where the image will be, and writes a new upload that begins with parts copied from it. Until that is
/// committed the object there is not the image: `.resumed` names the writer whose object alone is, and every object says who
/// wrote it. It is written before an upload is completed early, so no reader takes a part of an image for an image.
enum S3Layout {
    static let marker = ".longshore"
    static let objects = "objects/"
    static let resumed = ".resumed"
    /// The part of a metadata field's name after `x-amz-meta-`.
    static let writerField = "longshore-writer"

    /// A transfer id that is safe in keys: 4 to 64 of `a-z`, `0-9` and `-`, with letters or digits at the ends.
    struct Name: Sendable, Hashable {
        let text: String

        init(_ transfer: TransferID, in store: StoreName) throws(StoreError) {
            guard let name = Self(transfer.rawValue) else {
                throw StoreError(
                    .internal, "store \(store): transfer id \"\(transfer)\" is not safe in a key", isTransient: false)
            }
            self = name
        }

        /// The transfer whose object has this path.
        init(path: String, in store: StoreName) throws(StoreError) {
            guard let name = Self(path: path) else {
                throw StoreError(
                    .internal, "store \(store): \"\(path.prefix(128))\" is not a key of this store", isTransient: false)
            }
            self = name
        }

        /// The transfer whose object has this path; nil when none can have it.
        init?(path: String) {
            let last = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
            guard let name = Self(String(last)), name.path == path else { return nil }
            self = name
        }

        private init?(_ text: String) {
            let bytes = Array(text.utf8)
            guard (4...64).contains(bytes.count), bytes.allSatisfy({ Self.isAlphanumeric($0) || $0 == Self.dash }),
                let first = bytes.first, Self.isAlphanumeric(first), bytes.suffix(2).allSatisfy(Self.isAlphanumeric)
            else { return nil }
            self.text = text
        }

        /// The store's own key of the object: its path below the prefix.
        var path: String { "\(S3Layout.objects)\(text.suffix(2))/\(text)" }
        /// Where it stands who writes, when that is not the first writer.
        var resumedPath: String { path + S3Layout.resumed }

        private static let dash = UInt8(ascii: "-")

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }
}

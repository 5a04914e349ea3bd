import ImageModel
import ImageStore
public import Testing

/// What every ``ImageStore`` must do, as named cases. A store's tests run each of them on an empty place:
///
/// ```swift
/// @Test("Meets the contract of image stores", arguments: ImageStoreConformance.cases)
/// func conforms(_ testCase: ImageStoreConformance.Case) async throws {
///     try await testCase.run(against: { try TemporaryFilePlace() })
/// }
/// ```
public enum ImageStoreConformance {
    /// All cases.
    public static let cases = adoption + staging + resuming + commit + reading + removal

    /// One thing that every store must do.
    public struct Case: Sendable, CustomTestStringConvertible {
        /// A sentence about behaviour.
        public let name: String
        let body: @Sendable (any StorePlace) async throws -> Void

        /// The sentence.
        public var testDescription: String { name }

        init(_ name: String, _ body: @escaping @Sendable (any StorePlace) async throws -> Void) {
            self.name = name
            self.body = body
        }

        /// Runs the case on a new, empty place.
        public func run(against makePlace: () async throws -> any StorePlace) async throws {
            try await body(makePlace())
        }
    }

    static let ours = identifier("catalog-of-ours") as CatalogID
    static let theirs = identifier("catalog-of-theirs") as CatalogID
    static let name = identifier("default") as StoreName

    static func identifier<Kind>(_ text: String) -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(text) else { preconditionFailure("\(text) is no identifier") }
        return identifier
    }

    static func transfer(_ number: Int = 1) -> TransferID {
        identifier("5f0c1e5a-0000-4000-8000-\(100_000_000_000 + number)")
    }

    /// A store on `place`, adopted by our catalog.
    static func adopted(_ place: any StorePlace) async throws -> any ImageStore {
        let store = try await place.open(name)
        try await store.adopt(for: ours)
        return store
    }

    /// Stages and commits an image.
    static func commit(
        _ image: ImageBytes, as transfer: TransferID, to store: any ImageStore
    ) async throws -> StoredObject {
        try await store.withStaging(transfer, expectedSize: Int64(image.bytes.count)) { staged in
            for chunk in image.chunks() { try await staged.append(chunk) }
            return try await staged.commit()
        }
    }

    /// Stages an image and ends without a commit, as a worker does that lost its job.
    static func abandon(_ image: ImageBytes, as transfer: TransferID, in store: any ImageStore) async throws {
        await #expect(throws: Abandoned.self) {
            try await store.withStaging(transfer, expectedSize: nil) { staged in
                for chunk in image.chunks() { try await staged.append(chunk) }
                _ = try await staged.synchronize()
                throw Abandoned()
            }
        }
    }

    struct Abandoned: Error {}
}

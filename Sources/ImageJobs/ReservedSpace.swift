import Catalog
import ImageConversion
import ImageModel
import ImageStore

/// The space that one attempt's transfers were promised of their stores, and how it grows with an image whose size
/// nobody told.
///
/// Not `Sendable`: it belongs to the task that moves the bytes.
final class ReservedSpace {
    private let lease: JobLease
    private let catalog: ImageCatalog
    private let destinations: Destinations?
    /// The size of the image, if anybody told it.
    private let size: Int64?
    private var sizeLimit: Int64
    private var shares: [Share] = []
    /// Where the catalog is told next how much was written.
    private var nextNote = noteInterval

    private struct Share {
        let place: SpacePlace
        let transfer: TransferID
        /// How far the bytes may go without another promise.
        var end: Int64
    }

    /// What an image of unknown size is promised at first: more would keep others from space that is not needed, less
    /// would ask too often.
    private static let firstStep: Int64 = 64 << 20
    /// What it is promised at most at a time, once it has become large.
    private static let lastStep: Int64 = 1 << 30
    /// How many bytes lie between two notes of what was written.
    private static let noteInterval: Int64 = 256 << 20
    /// How far a note stays behind what was appended: far more than a store keeps queued.
    private static let noteLag: Int64 = 64 << 20

    init(_ lease: JobLease, of size: Int64?, for destinations: Destinations? = nil, environment: JobEnvironment) {
        self.lease = lease
        self.destinations = destinations
        self.size = size
        catalog = environment.catalog
        sizeLimit = environment.limits.imageBytes
    }

    /// Says that what is stored may grow to `limit`, beyond what is served, which is all that is promised so far.
    func expectGrowth(to limit: Int64) {
        sizeLimit = max(sizeLimit, limit)
    }

    /// Records a transfer, with the space it needs.
    func beginTransfer(to store: any ImageStore) async throws -> Transfer {
        let place = SpacePlace(store)
        let space = try await measure(place)
        let transfer = try await catalog.beginTransfer(
            lease, to: store.name, expecting: size, demand(after: 0), in: space)
        add(transfer, in: place, space)
        return transfer
    }

    /// Records a transfer to each of the stores that it can begin in.
    func beginTransfers(to stores: [any ImageStore], _ destinations: Destinations) async throws -> [Destination] {
        var places: [Destination] = []
        for store in stores {
            let transfer = try await destinations.attempt(in: store.name) { try await beginTransfer(to: store) }
            if let transfer { places.append(Destination(store: store, transfer: transfer)) }
        }
        return places
    }

    /// Records that a conversion takes scratch space, with what it needs.
    func beginScratch(of converter: any ImageConverter) async throws {
        let place = SpacePlace(converter)
        let space = try await measure(place)
        let transfer = try await catalog.beginScratch(lease, in: place.name, demand(after: 0), space)
        add(transfer, in: place, space)
    }

    /// Makes sure that transfers of an earlier attempt have the space for what is missing behind `keptBytes`.
    ///
    /// - Returns: Those that have.
    func resume(
        _ places: [Destination], keptBytes: Int64, _ destinations: Destinations
    ) async throws -> [Destination] {
        var resumed: [Destination] = []
        for place in places {
            let hasSpace: Void? = try await destinations.attempt(in: place.store.name) {
                try await resume(place.transfer, in: place.store, keptBytes: keptBytes)
            }
            if hasSpace != nil { resumed.append(place) }
        }
        return resumed
    }

    /// Makes sure that a transfer of an earlier attempt has the space for what is missing behind `keptBytes`.
    func resume(_ transfer: Transfer, in store: any ImageStore, keptBytes: Int64) async throws {
        let place = SpacePlace(store)
        let space = try await measure(place)
        let resumed = try await catalog.reserve(
            lease, of: transfer.id, demand(after: keptBytes), in: space, keptBytes: keptBytes)
        add(resumed, in: place, space)
    }

    /// Makes sure that there is space for the first `end` bytes; comes before the last of them is appended.
    func cover(_ end: Int64) async throws {
        for index in shares.indices where shares[index].end < end {
            let share = shares[index]
            guard let destinations else {
                shares[index].end = try await grow(share, to: end)
                continue
            }
            guard !destinations.isLost(share.place.name) else { continue }
            let reached = try await destinations.attempt(in: share.place.name) { try await grow(share, to: end) }
            if let reached { shares[index].end = reached }
        }
        if end >= nextNote { try await note(end) }
    }

    /// How far the bytes may go once more of the place is promised.
    private func grow(_ share: Share, to end: Int64) async throws -> Int64 {
        let space = try await measure(share.place)
        let grown = try await catalog.reserve(lease, of: share.transfer, growth(to: end), in: space)
        return space == nil ? .max : grown.reservedBytes
    }

    private func add(_ transfer: Transfer, in place: SpacePlace, _ space: SpaceMeasurement?) {
        shares.append(
            Share(place: place, transfer: transfer.id, end: space == nil ? .max : transfer.reservedBytes))
    }

    private func measure(_ place: SpacePlace) async throws -> SpaceMeasurement? {
        try await catalog.measureSpace(of: place.name, leaving: place.reserveBytes) { try await place.freeBytes() }
    }

    /// All of an image whose size is known; otherwise the first step.
    private func demand(after bytes: Int64) -> SpaceDemand {
        size.map { .exactly(max($0, bytes)) } ?? growth(to: bytes + 1)
    }

    /// As much again as there is, within the steps.
    private func growth(to end: Int64) -> SpaceDemand {
        let wanted = max(Self.firstStep, end + min(end, Self.lastStep))
        return SpaceDemand(least: end, most: min(wanted, max(end, sizeLimit)))
    }

    /// Tells the catalog how much of what was promised lies in the stores, for imports that write no checkpoints too.
    private func note(_ end: Int64) async throws {
        try await noteWritten(end - Self.noteLag)
        nextNote = end + Self.noteInterval
    }

    /// Tells the catalog that the first `end` bytes lie where they were promised a place.
    func noteWritten(_ end: Int64) async throws {
        do throws(CatalogError) {
            try await catalog.noteWritten(lease, of: shares.map(\.transfer), end)
        } catch {
            // Until the next note others are kept from bytes that are written already.
            guard error.code == .unavailable else { throw error }
        }
    }
}

/// Whatever has space to promise: a store, or the scratch space of conversions.
private struct SpacePlace {
    let name: StoreName
    let reserveBytes: Int64
    let freeBytes: @Sendable () async throws -> Int64?

    init(_ store: any ImageStore) {
        name = store.name
        reserveBytes = store.reserveBytes
        freeBytes = { try await store.freeBytes() }
    }

    init(_ converter: any ImageConverter) {
        name = converter.scratch
        reserveBytes = 0
        freeBytes = { try await converter.freeBytes() }
    }
}

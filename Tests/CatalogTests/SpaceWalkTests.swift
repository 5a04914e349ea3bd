import Catalog
import ImageModel
import TestSupport
import Testing

/// Goal: whatever many workers do at once to one disk, it has room for everything that was promised.
/// Method: seeded workers that measure, freeze with their measurement, write, tell of it late or never, end and die;
/// after each step the promises are compared with the disk.
@Suite("Any order of promises, writes and ends")
struct SpaceWalkTests {
    @Test("never promises more than is free", arguments: 1...20)
    func walk(seed: UInt64) async throws {
        var walk = try await Walk(seed: seed)
        for _ in 0..<400 {
            try await walk.step()
            try walk.check()
        }
        #expect(walk.refusals > 0 && walk.promises > 10)
    }
}

private struct Walk {
    private let harness = Harness()
    private let random: SeededRandomSource
    private let store: StoreName = CatalogSamples.id("default")
    private let capacity: Int64 = 1_000
    private let reserve: Int64
    /// What takes up room: stagings and objects, whether anybody knows of them or not.
    private var disk: [TransferID: Int64] = [:]
    private var running: [Import] = []
    private var submitted = 0
    private(set) var refusals = 0
    private(set) var promises = 0

    private struct Import {
        let claimed: ClaimedJob
        var transfer: Transfer?
        var space: SpaceMeasurement?
    }

    init(seed: UInt64) async throws {
        random = SeededRandomSource(seed: seed)
        reserve = Int64(seed % 3) * 50
    }

    private func pick(_ count: Int64) -> Int64 { Int64(random.next() % UInt64(count)) }

    private var used: Int64 { disk.values.reduce(0, +) }

    mutating func step() async throws {
        guard pick(6) > 0, !running.isEmpty else { return try await claim() }
        let index = Int(pick(Int64(running.count)))
        switch pick(9) {
        case 0, 1: running[index].space = try await measure()
        case 2, 3: try await promise(index)
        case 4, 5: write(index)
        case 6: try await tell(index)
        case 7: try await end(index)
        default:
            // Somebody else makes room: a deleted image, a discarded staging.
            let idle = disk.keys.sorted().filter { id in !running.contains { $0.transfer?.id == id } }
            if let id = idle.first { disk[id] = nil }
        }
    }

    /// The disk has room for all that may still be written.
    func check() throws {
        let unwritten = running.compactMap(\.transfer).map { max(0, $0.reservedBytes - (disk[$0.id] ?? 0)) }
        try #require(unwritten.reduce(0, +) + used + reserve <= capacity)
    }

    private func measure() async throws -> SpaceMeasurement? {
        let free = capacity - used
        return try await harness.catalog.measureSpace(of: store, leaving: reserve) { free }
    }

    private mutating func claim() async throws {
        submitted += 1
        try await harness.accept(Harness.submission("j-\(submitted)", Harness.importWork("i-\(submitted)")))
        running += try await harness.claim(.import).map { Import(claimed: $0) }
    }

    private mutating func promise(_ index: Int) async throws {
        let least = pick(200) + 1
        let demand = SpaceDemand(least: least, most: least + pick(100))
        guard let space = running[index].space else { return }
        do {
            if let transfer = running[index].transfer {
                let isResumed = pick(4) == 0
                let kept = pick(transfer.writtenBytes + 1)
                running[index].transfer = try await harness.catalog.reserve(
                    running[index].claimed.lease, of: transfer.id, demand, in: space, keptBytes: isResumed ? kept : nil)
                if isResumed { disk[transfer.id] = kept }
            } else {
                running[index].transfer = try await harness.catalog.beginTransfer(
                    running[index].claimed.lease, to: store, demand, in: space)
            }
            promises += 1
        } catch  where error.code == .noSpace {
            refusals += 1
        }
    }

    private mutating func write(_ index: Int) {
        guard let transfer = running[index].transfer else { return }
        let before = disk[transfer.id] ?? 0
        disk[transfer.id] = before + pick(transfer.reservedBytes - before + 1)
    }

    private mutating func tell(_ index: Int) async throws {
        guard let transfer = running[index].transfer, let bytes = disk[transfer.id] else { return }
        let lease = running[index].claimed.lease
        try await harness.catalog.noteWritten(lease, of: [transfer.id], bytes - pick(bytes + 1))
        let open = try await harness.catalog.read { try $0.openTransfers(of: lease.job) }
        running[index].transfer = open.first { $0.id == transfer.id }
    }

    private mutating func end(_ index: Int) async throws {
        let ended = running.remove(at: index)
        switch ended.transfer == nil ? 0 : pick(3) {
        case 0: try await harness.catalog.fail(ended.claimed.lease, because: CatalogSamples.failure)
        case 1: try await harness.catalog.cancel(ended.claimed.lease)
        default:
            try await harness.catalog.completeImport(
                ended.claimed.lease, result: Harness.result, replicas: [Harness.replica()])
        }
    }
}

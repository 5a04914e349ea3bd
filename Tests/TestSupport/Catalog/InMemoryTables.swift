import Catalog
import ImageModel

/// The rows of a catalog as plain values; a copy is a snapshot.
struct InMemoryTables: Sendable {
    /// A job with what is kept beside it.
    struct JobRow: Sendable {
        var number: Int64
        var job: Job
        var admission: JobAdmission
        var leaseUntil: Timestamp?

        /// The image whose jobs this one is ordered among.
        var target: ImageID? { job.kind == .cancel ? nil : job.request.imageID ?? job.imageID }
    }

    /// A value and the order in which it came.
    struct Numbered<Value: Sendable>: Sendable {
        var number: Int64
        var value: Value
    }

    /// Who holds a role, and until when.
    struct Role: Sendable {
        var worker: WorkerID
        var until: Timestamp
    }

    /// An account of one image.
    struct Membership: Hashable, Sendable {
        var image: ImageID
        var account: AccountID
    }

    /// The jobs of one owner that share the slots of one kind.
    struct TurnKey: Hashable, Sendable {
        var kind: JobKind
        var owner: AccountID?
    }

    /// When an owner came, and when it was served last.
    struct Turn: Sendable {
        var number: Int64
        var served: Int64 = 0
    }

    let catalogID: CatalogID
    var lastNumber: Int64 = 0
    var jobs: [JobID: JobRow] = [:]
    var images: [ImageID: Numbered<Image>] = [:]
    var members: [Membership: Member] = [:]
    var transfers: [TransferID: Numbered<Transfer>] = [:]
    /// Bytes of each store that ceased to be promised.
    var released: [StoreName: Int64] = [:]
    /// Which place each store is.
    var stores: [StoreName: StoreIdentity] = [:]
    var sequences: [ImageID: Int64] = [:]
    /// In the order of their numbers.
    var outbox: [OutboxEntry] = []
    var roles: [String: Role] = [:]
    var turns: [TurnKey: Turn] = [:]
    var hosts: [String: HostHealth] = [:]
    /// Who asked for the end of a job before it came, and when first.
    var cancels: [JobID: [AccountID?: Timestamp]] = [:]

    init(catalogID: CatalogID) {
        self.catalogID = catalogID
    }

    /// A number that no row has yet.
    mutating func nextNumber() -> Int64 {
        lastNumber += 1
        return lastNumber
    }
}

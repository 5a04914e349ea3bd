import ImageModel
import ImageStore

/// What a staging does for its writer, one after the other or at the same time.
enum StagingWork: Sendable {
    /// Clear away what earlier writers left, and begin the upload.
    case begin
    /// Upload the first bytes of a buffer as a part.
    case part(number: Int, body: CallBody, isWhole: Bool)
    /// Make a part of bytes that are in the service already.
    case copy(number: Int, range: Range<Int64>, of: S3CopySource)
}

/// The bytes of a staging that are on their way, and those that have arrived. Pure.
///
/// Work is begun in the order in which it was submitted. *Exclusive* work lets nothing begin that comes after it until it is
/// done: the beginning of the upload; a part that is stored before it is full; and the full one that takes its place. So a part
/// that is short is always the last one stored, and what is stored is a beginning of the image whenever the writer dies.
struct StagingState: Sendable {
    struct Submitted: Sendable {
        let serial: Int
        let work: StagingWork
        let isExclusive: Bool
    }

    let partSize: Int
    /// The most buffers that exist at once.
    let bufferLimit: Int
    /// The part that is being filled.
    private(set) var filling = 1
    private(set) var buffer: PartBuffer?
    /// How many bytes of the part being filled are stored.
    private(set) var storedTail = 0
    /// How many bytes were uploaded for the part being filled before it is full.
    private var tailBytes = 0
    private(set) var buffersInUse = 0
    /// Buffers whose parts have arrived: fresh pages cost more than filling them.
    private var idle: [PartBuffer] = []
    private(set) var upload: S3Upload?
    private(set) var parts: [Int: UploadedPart] = [:]
    private(set) var failure: StoreError?
    /// Whether nothing can be appended any more.
    var isSealed = false
    /// Whether the writer is gone.
    private(set) var isClosed = false
    private var queue: [Submitted] = []
    private var outstanding: Set<Int> = []
    private var lastSerial = 0
    private var exclusive: Int?

    init(partSize: Int, bufferLimit: Int) {
        self.partSize = partSize
        self.bufferLimit = bufferLimit
    }

    /// Bytes appended so far, kept ones included.
    var end: Int64 { Int64(filling - 1) * Int64(partSize) + Int64(buffer?.count ?? 0) }

    /// Whether anything was submitted.
    var hasBegun: Bool { lastSerial > 0 }

    // MARK: The writer's side

    /// Makes room for more bytes; false when all buffers are full and on their way.
    mutating func makeRoom() -> Bool {
        if buffer != nil { return true }
        guard buffersInUse < bufferLimit else { return false }
        buffer = idle.popLast() ?? PartBuffer(capacity: partSize)
        buffer?.reset()
        buffersInUse += 1
        return true
    }

    /// Copies bytes into the buffer and submits it when it is full; returns how many were copied.
    mutating func fill(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let buffer else { return 0 }
        let count = buffer.append(bytes, limit: partSize)
        if buffer.count == partSize {
            submitBegin()
            let body = CallBody(buffer, count: partSize)
            submit(.part(number: filling, body: body, isWhole: true), isExclusive: storedTail > 0)
            self.buffer = nil
            storedTail = 0
            tailBytes = 0
            filling += 1
        }
        return count
    }

    /// Submits the bytes that fill no part yet.
    ///
    /// Large parts would be uploaded over and over while they fill. So no more is uploaded before a part is full than the part
    /// has bytes, and none twice, unless it must be.
    ///
    /// - Returns: The serial after which what was submitted is stored, and how many bytes of the image that are.
    mutating func submitTail(isLast: Bool) -> (serial: Int, end: Int64) {
        if let buffer, buffer.count > storedTail, isLast || tailBytes + buffer.count <= partSize {
            submitBegin()
            storedTail = buffer.count
            tailBytes += buffer.count
            let body = CallBody(buffer, count: buffer.count)
            submit(.part(number: filling, body: body, isWhole: false), isExclusive: true)
        }
        return (lastSerial, Int64(filling - 1) * Int64(partSize) + Int64(storedTail))
    }

    /// Submits parts to be copied, from the one being filled as far as whole ones go.
    ///
    /// - Returns: The serial after which they are stored, and how far they go.
    mutating func submitCopies(of source: S3CopySource, upTo end: Int64) -> (serial: Int, end: Int64) {
        let size = Int64(partSize)
        while buffer == nil, Int64(filling) * size <= end, filling <= S3Staging.partLimit {
            submitBegin()
            let range = Int64(filling - 1) * size..<Int64(filling) * size
            submit(.copy(number: filling, range: range, of: source), isExclusive: false)
            filling += 1
        }
        return (lastSerial, self.end)
    }

    /// Whether everything up to a serial is done.
    func isDone(_ serial: Int) -> Bool { !outstanding.contains { $0 <= serial } }

    /// Ends everything: work that was not begun is dropped.
    mutating func close() {
        isClosed = true
        isSealed = true
        for submitted in queue { outstanding.remove(submitted.serial) }
        queue = []
        buffer = nil
        idle = []
    }

    private mutating func submitBegin() {
        guard lastSerial == 0 else { return }
        submit(.begin, isExclusive: true)
    }

    private mutating func submit(_ work: StagingWork, isExclusive: Bool) {
        lastSerial += 1
        outstanding.insert(lastSerial)
        queue.append(Submitted(serial: lastSerial, work: work, isExclusive: isExclusive))
    }

    // MARK: The workers' side

    /// What a worker finds.
    enum Found: Sendable {
        case work(Submitted, S3Upload?)
        case nothingMore
    }

    /// The next work, when it may begin; nil when there is none to begin now.
    mutating func take() -> Found? {
        if isClosed { return .nothingMore }
        guard exclusive == nil, !queue.isEmpty else { return nil }
        let next = queue.removeFirst()
        if next.isExclusive { exclusive = next.serial }
        return .work(next, upload)
    }

    /// The upload has begun.
    mutating func note(_ upload: S3Upload) { self.upload = upload }

    /// Work is done, well or not. The first failure stands, and nothing that waits is begun any more.
    mutating func finish(_ submitted: Submitted, _ result: Result<UploadedPart?, StoreError>) {
        outstanding.remove(submitted.serial)
        if exclusive == submitted.serial { exclusive = nil }
        if case .part(_, let body, isWhole: true) = submitted.work {
            buffersInUse -= 1
            if !isClosed { idle.append(body.buffer) }
        }
        switch result {
        case .success(let part):
            if let part { parts[part.number] = part }
        case .failure(let error):
            failure = failure ?? error
            for waiting in queue { outstanding.remove(waiting.serial) }
            queue = []
        }
    }
}

import ImageModel
import ImageSource
import Synchronization
import TestSupport

/// A source that serves as told, one script a fetch; the last one repeats.
final class ScriptedSource: ImageSource {
    struct Script: Sendable {
        var body = PatternBytes(size: 0)
        /// What is served instead of `body`.
        var bytes: [UInt8]?
        var size: Int64 { bytes.map { Int64($0.count) } ?? body.size }
        var etag: String? = "\"v1\""
        var honoursRanges = true
        var tellsSize = true
        /// What is answered instead of a body.
        var refusal: SourceError?
        /// Where something happens, and what.
        var stop: (after: Int64, event: @Sendable () async throws -> Void)?
    }

    private struct State {
        var scripts: [Script]
        var requests: [FetchRequest] = []
    }

    static let chunkSize = 1 << 16
    private let state: Mutex<State>

    convenience init(_ scripts: Script...) {
        self.init(scripts)
    }

    init(_ scripts: [Script]) {
        state = Mutex(State(scripts: scripts))
    }

    /// Where each fetch was asked to go on; 0 for whole ones.
    var offsets: [Int64] { state.withLock { $0.requests.map { $0.resume?.offset ?? 0 } } }

    func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result {
        let script = state.withLock { state in
            state.requests.append(request)
            return state.scripts.count > 1 ? state.scripts.removeFirst() : state.scripts[0]
        }
        if let refusal = script.refusal { throw refusal }
        let isSame = request.resume?.validator == script.etag && script.honoursRanges
        return try await body(Opened(script: script, offset: isSame ? request.resume?.offset ?? 0 : 0))
    }

    private final class Opened: OpenedSource {
        let facts: SourceFacts
        let offset: Int64
        private let script: Script
        private let place: Mutex<Int64>

        init(script: Script, offset: Int64) {
            self.script = script
            self.offset = offset
            facts = SourceFacts(
                url: "https://h/image", size: script.tellsSize ? script.size : nil, etag: script.etag)
            place = Mutex(offset)
        }

        func nextChunk() async throws -> ImageChunk? {
            let place = place.withLock { $0 }
            if let stop = script.stop, place >= stop.after { try await stop.event() }
            let bytes =
                script.bytes.map { Array($0.dropFirst(Int(place)).prefix(chunkSize)) }
                ?? script.body.bytes(at: place, limit: chunkSize)
            guard !bytes.isEmpty else { return nil }
            self.place.withLock { $0 += Int64(bytes.count) }
            var builder = ChunkPool(chunkSize: chunkSize, chunkLimit: 1).makeBuilder()
            _ = bytes.withUnsafeBytes { builder?.append($0) }
            return builder.take()?.finish()
        }
    }
}

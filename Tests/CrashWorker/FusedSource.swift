import ImageModel
import ImageSource

/// A source with a fuse at each chunk that comes.
struct FusedSource: ImageSource {
    let base: any ImageSource
    let fuse: Fuse

    func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result {
        try await base.withSource(request) { opened in
            try await body(Opened(base: opened, fuse: fuse))
        }
    }

    private struct Opened: OpenedSource {
        let base: any OpenedSource
        let fuse: Fuse

        var facts: SourceFacts { base.facts }
        var offset: Int64 { base.offset }

        func nextChunk() async throws -> ImageChunk? {
            let chunk = try await base.nextChunk()
            if chunk != nil { fuse.reach(.port(.chunk)) }
            return chunk
        }
    }
}

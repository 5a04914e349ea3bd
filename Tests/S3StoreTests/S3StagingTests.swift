import ImageModel
import ImageStore
import S3Signing
import TestSupport
import Testing

@testable import S3Store

@Suite("Parts of an S3 upload")
struct S3StagingTests {
    @Test("An image of known length gets parts that are large enough, all of one size")
    func partSizes() {
        let (mib, tib): (Int64, Int64) = (1 << 20, 1 << 40)
        #expect(S3Staging.partSize(for: nil, least: 16 * mib) == 16 << 20)
        #expect(S3Staging.partSize(for: 0, least: 16 * mib) == 16 << 20)
        #expect(S3Staging.partSize(for: 160_000 * mib, least: 16 * mib) == 16 << 20)
        #expect(S3Staging.partSize(for: 160_000 * mib + 1, least: 16 * mib) == 17 << 20)
        #expect(Int64(S3Staging.partSize(for: tib, least: 5 * mib)) * 10_000 >= tib)
    }

    @Test("The 10,001st part is refused with size_limit, and the key to change is named")
    func tooLong() async throws {
        let service = try #require(S3Service(endpoint: "http://127.0.0.1:9", region: nil))
        let store = try S3Store(
            name: identifier("eu-2"),
            S3StoreConfiguration(
                service: service, bucket: "bucket", prefix: "", keys: S3Keys(accessKey: "a", secretKey: "s"),
                partSize: 5 << 20))
        let staging = S3Staging(
            of: store, try S3Layout.Name(identifier("transfer"), in: store.name), expectedSize: nil, keeping: nil)
        let source = S3CopySource(bucket: "bucket", key: "k", etag: "e")
        _ = staging.monitor.change { $0.submitCopies(of: source, upTo: 1 << 50) }
        let chunk = try #require(ImageBytes(4_096).chunks().first)
        let error = await #expect(throws: StoreError.self) { try await staging.append(chunk) }
        #expect(error?.code == .sizeLimit && error?.message.contains("stores.eu-2.part_size") == true)
    }

    @Test("A part that is short lets nothing begin behind it, nor does the full one that replaces it")
    func ordersParts() throws {
        var state = StagingState(partSize: 8_192, bufferLimit: 4)
        let page = [UInt8](repeating: 1, count: 4_096)
        func fill(_ state: inout StagingState) {
            let (hasRoom, count) = (state.makeRoom(), page.withUnsafeBytes { state.fill($0) })
            #expect(hasRoom && count == 4_096)
        }
        func taken(_ state: inout StagingState) -> StagingState.Submitted? {
            guard case .work(let submitted, _) = state.take() else { return nil }
            return submitted
        }
        fill(&state)
        let tail = state.submitTail(isLast: false).serial
        for _ in 0..<3 { fill(&state) }
        let begin = try #require(taken(&state))
        let early = taken(&state)
        #expect(early == nil)
        state.note(S3Upload(key: "k", id: "u"))
        state.finish(begin, .success(nil))
        let short = try #require(taken(&state))
        let behindShort = taken(&state)
        #expect(short.serial == tail && behindShort == nil && !state.isDone(tail))
        state.finish(short, .success(UploadedPart(number: 1, etag: "short", md5: nil)))
        #expect(state.isDone(tail))
        let full = try #require(taken(&state))
        let behindFull = taken(&state)
        #expect(behindFull == nil)
        state.finish(full, .success(UploadedPart(number: 1, etag: "full", md5: nil)))
        let next = try #require(taken(&state))
        state.finish(next, .success(UploadedPart(number: 2, etag: "next", md5: nil)))
        #expect(state.parts.mapValues(\.etag) == [1: "full", 2: "next"] && state.buffersInUse == 0)
        #expect(state.end == 16_384)
    }

    @Test("A part that fills slowly is uploaded no more than twice before its end, whatever its size")
    func boundsTails() {
        var state = StagingState(partSize: 5 * 4_096, bufferLimit: 2)
        let page = [UInt8](repeating: 1, count: 4_096)
        let ends = (1...6).map { _ in
            _ = state.makeRoom()
            _ = page.withUnsafeBytes { state.fill($0) }
            return state.submitTail(isLast: false).end / 4_096
        }
        #expect(ends == [1, 2, 2, 2, 5, 6])
        let last = state.submitTail(isLast: true)
        #expect(last.end == 6 * 4_096)
    }

    @Test("No more buffers exist than are allowed, and none begins after a failure")
    func bounds() throws {
        var state = StagingState(partSize: 4_096, bufferLimit: 2)
        let page = [UInt8](repeating: 1, count: 4_096)
        for _ in 0..<2 {
            let hasRoom = state.makeRoom()
            #expect(hasRoom)
            _ = page.withUnsafeBytes { state.fill($0) }
        }
        let hasRoom = state.makeRoom()
        #expect(!hasRoom)
        guard case .work(let begin, _) = state.take() else { throw StoreError(.internal, "", isTransient: false) }
        state.finish(begin, .failure(StoreError(.storeUnavailable, "gone", isTransient: true)))
        let isIdle = state.take() == nil
        #expect(state.failure?.message == "gone" && isIdle && state.isDone(.max))
    }

    @Test("Stored parts count only up to the first gap or odd size")
    func countsParts() throws {
        func parts(_ sizes: [Int: Int64]) -> [ListedPart] {
            sizes.sorted { $0.key < $1.key }.map {
                ListedPart(number: $0.key, size: $0.value, etag: "e", modifiedAt: Timestamp(microseconds: 0))
            }
        }
        #expect(S3Store.partsNeeded(for: 10, of: parts([1: 10])) == 1)
        #expect(S3Store.partsNeeded(for: 25, of: parts([1: 10, 2: 10, 3: 5])) == 3)
        #expect(S3Store.partsNeeded(for: 20, of: parts([1: 10, 2: 10, 4: 10])) == 2)
        #expect(S3Store.partsNeeded(for: 21, of: parts([1: 10, 2: 10, 4: 10])) == nil)
        #expect(S3Store.partsNeeded(for: 21, of: parts([1: 10, 2: 9, 3: 10])) == nil)
        #expect(S3Store.partsNeeded(for: 11, of: parts([1: 10, 2: 11])) == nil)
        #expect(S3Store.partsNeeded(for: 1, of: []) == nil)
    }

    @Test("Digests of parts are those of MD5 and SHA-256, and an object's ETag is made of them")
    func digests() async {
        let digests = await PartDigests(of: CallBody(Array("abc".utf8)), isSigned: true)
        #expect(digests.md5Base64 == "kAFQmDzST7DWlj99KOF/cg==")
        #expect(digests.sha256Hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let unsigned = await PartDigests(of: CallBody([]), isSigned: false)
        #expect(unsigned.md5Base64 == "1B2M2Y8AsgTpgAmY7PhCfg==" && unsigned.sha256Hex == "UNSIGNED-PAYLOAD")
        // The MD5 of the sixteen bytes of the MD5 of "abc".
        #expect(PartDigests.etag(ofParts: [digests.md5]) == "af5da9f45af7a300e3aded972f8ff687-1")
    }
}

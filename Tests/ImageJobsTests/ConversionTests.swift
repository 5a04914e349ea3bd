import Catalog
import Foundation
import ImageConversion
import ImageJobs
import ImageModel
import ImageSource
import ImageStore
import ImageUnpacking
import QEMUConversion
import Synchronization
import TestSupport
import Testing

@Suite("Imports that convert", .timeLimit(.minutes(10)))
struct ConversionTests {
    private static let unit = Int64(ScriptedSource.chunkSize)
    /// A disk of whole sectors that has no other format's marks.
    private let body = PatternBytes(size: 20 * unit, seed: 5)

    /// A harness, and what converts in it.
    private final class Bench: Sendable {
        let harness: ImportHarness
        let converter: WatchedConverter
        let path: String

        init(
            _ source: ScriptedSource, freeBytes: Int64? = nil,
            beforeConversion: @escaping @Sendable () async throws -> Void = {}
        ) async throws {
            harness = try await ImportHarness(source)
            path = FileManager.default.temporaryDirectory.appendingPathComponent("scratch-\(UUID().uuidString)").path
            converter = WatchedConverter(
                try await QEMUConverter(path: path), freeBytes: freeBytes, beforeConversion: beforeConversion)
        }

        deinit {
            try? FileManager.default.removeItem(atPath: path)
        }

        func accept(_ target: ImageFormat, expecting expectations: Expectations = Expectations()) async throws {
            try await harness.accept([.sha256], expecting: expectations, transform: Transform(convertTo: target))
        }

        func attempt(_ control: JobControl = JobControl()) async throws {
            var environment = harness.environment
            environment.converter = converter
            try await JobRunner(environment: environment).run(harness.claim(), control: control)
            harness.clock.advance(by: .seconds(65))
        }

        var workspaces: Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return names.count { $0.hasPrefix("longshore-") }
        }

        /// Nothing is left of the attempt: no file, and no promise.
        func expectNoTrace() async throws {
            #expect(workspaces == 0 && harness.staged.isEmpty)
            #expect(try await harness.openTransfers.isEmpty)
            #expect(try await harness.promised == 0)
            let scratch = converter.scratch
            #expect(try await harness.catalog.read { try $0.promises(in: scratch).outstanding } == 0)
        }
    }

    @Test("The catalog knows the result, the source what came; format, size and digest are those of the stored bytes")
    func converts() async throws {
        let bench = try await Bench(ScriptedSource(ScriptedSource.Script(body: body)))
        let came = try await digests(of: body.bytes(at: 0, limit: Int(body.size)), [.sha256])
        try await bench.accept(.vdi, expecting: Expectations(size: body.size, format: .raw, digests: came))
        try await bench.attempt()
        let job = try await bench.harness.job
        #expect(job.state == .succeeded, "\(job.failure.map { "\($0)" } ?? "")")
        #expect(job.source?.size == body.size && job.source?.digests == came)
        let image = try #require(try await bench.harness.catalog.read { try $0.image(CatalogSamples.id("image-1")) })
        let content = try #require(image.content)
        let url = try #require(image.replicas.first?.url.flatMap(URL.init(string:)))
        let stored = try [UInt8](Data(contentsOf: url))
        #expect(content.format == .vdi && content.virtualSize == body.size && content.size == stored.count)
        #expect(content.digests == (try await digests(of: stored, [.sha256])) && content.digests != came)
        #expect(image.replicas.map(\.store) == [bench.harness.store.name])
        #expect(bench.converter.conversions.map(\.source) == [.raw])
        try await bench.expectNoTrace()
    }

    @Test("What has the format already is stored as it came, and nothing is converted", arguments: [true, false])
    func sameFormat(isDeclared: Bool) async throws {
        let bench = try await Bench(ScriptedSource(ScriptedSource.Script(body: body)))
        try await bench.accept(.raw, expecting: Expectations(format: isDeclared ? .raw : nil))
        try await bench.attempt()
        try await bench.harness.expectWhole(body)
        #expect(bench.converter.conversions.isEmpty)
        try await bench.expectNoTrace()
    }

    @Test("Without scratch space the job is refused before a byte is asked for")
    func noScratch() async throws {
        let script = ScriptedSource.Script(body: body, stop: (0, { Issue.record("a byte was asked for") }))
        let harness = try await ImportHarness(ScriptedSource(script))
        try await harness.accept([.sha256], transform: Transform(convertTo: .qcow2))
        try await harness.attempt()
        let failure = try #require(try await harness.job.failure)
        #expect(failure.code == .policyDenied && failure.message.contains("worker.scratch.path"))
        #expect(failure.violations.map(\.path) == ["/transform/convert_to"])
    }

    @Test("Scratch space for what comes and as much again is promised before a byte is asked for")
    func reserved() async throws {
        let first = ScriptedSource.Script(body: body, stop: (0, { Issue.record("a byte was asked for") }))
        let bench = try await Bench(
            ScriptedSource(first, ScriptedSource.Script(body: body)), freeBytes: 2 * body.size - 1)
        try await bench.accept(.qcow2)
        try await bench.attempt()
        #expect(try await bench.harness.job.failure?.code == .capacityExceeded)
        #expect(try await bench.harness.job.state == .retrying)
        try await bench.expectNoTrace()
        bench.converter.setFreeBytes(1 << 40)
        try await bench.attempt()
        #expect(try await bench.harness.job.state == .succeeded)
        try await bench.expectNoTrace()
    }

    @Test("What the inspector refuses, or has another digest than expected, is never converted")
    func refused() async throws {
        let wrong = try #require(Digest(.sha256, bytes: [UInt8](repeating: 7, count: 32)))
        for expectations in [Expectations(format: .vhdx), Expectations(size: 5), Expectations(digests: [wrong])] {
            let bench = try await Bench(ScriptedSource(ScriptedSource.Script(body: body)))
            try await bench.accept(.qcow2, expecting: expectations)
            try await bench.attempt()
            #expect(try await bench.harness.job.state == .failed)
            #expect(bench.converter.conversions.isEmpty)
            try await bench.expectNoTrace()
        }
    }

    @Test("A result that may not be so large ends the job")
    func tooLarge() async throws {
        let bench = try await Bench(ScriptedSource(ScriptedSource.Script(body: body)))
        try await bench.accept(.vhdx)
        var environment = bench.harness.environment
        environment.converter = bench.converter
        environment.limits.unpacking.bytes = body.size
        try await JobRunner(environment: environment).run(bench.harness.claim(), control: JobControl())
        #expect(try await bench.harness.job.failure?.code == .sizeLimit)
        #expect(try await bench.harness.job.failure?.stage == .converting)
        try await bench.expectNoTrace()
    }

    @Test("An attempt that is given back in the middle of a conversion leaves nothing, and the next does all of it")
    func givenBack() async throws {
        let control = JobControl()
        let runs = Mutex(0)
        let source = ScriptedSource(ScriptedSource.Script(body: body))
        let bench = try await Bench(source) {
            runs.withLock { $0 += 1 }
            guard runs.withLock({ $0 }) == 1 else { return }
            control.stop(.shutdown)
            while !Task.isCancelled { await Task.yield() }
        }
        try await bench.accept(.qcow2)
        try await bench.attempt(control)
        #expect(try await bench.harness.job.state == .queued)
        try await bench.expectNoTrace()
        try await bench.attempt()
        #expect(try await bench.harness.job.state == .succeeded)
        #expect(source.offsets == [0, 0])
        try await bench.expectNoTrace()
    }

    @Test("A worker that died leaves a promise of scratch space, which the next attempt gives up")
    func crashed() async throws {
        let bench = try await Bench(ScriptedSource(ScriptedSource.Script(body: body)), freeBytes: 1 << 40)
        try await bench.accept(.qcow2)
        let dead = try await bench.harness.claim()
        let scratch = bench.converter.scratch
        let space = try await bench.harness.catalog.measureSpace(of: scratch, leaving: 0) { 1 << 40 }
        _ = try await bench.harness.catalog.beginScratch(dead.lease, in: scratch, .exactly(1 << 30), space)
        let image = try await bench.harness.catalog.read { try $0.image(CatalogSamples.id("image-1")) }
        #expect(image?.replicas.isEmpty == true, "scratch space is no place of the image")
        bench.harness.clock.advance(by: .seconds(65))
        try await bench.attempt()
        #expect(try await bench.harness.job.state == .succeeded)
        try await bench.expectNoTrace()
    }
}

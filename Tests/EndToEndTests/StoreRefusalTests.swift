import Foundation
import TestSupport
import Testing

/// Who belongs together is checked when a worker starts (decision D11).
@Suite("Stores that do not belong to the catalog", .needsBroker, .timeLimit(.minutes(10)))
struct StoreRefusalTests {
    /// Starts a worker that must not run, and returns what it said.
    ///
    /// - Parameter code: 1 when what is missing may come by itself: a manager starts the worker again.
    private func refusal(_ site: Site, _ overrides: [String: String], code: Int32 = 2) async throws -> String {
        let worker = try site.startWorker(["worker.start_timeout": "0"].merging(overrides) { $1 })
        #expect(try await worker.waitForEnd() == .exited(code))
        return worker.errors.entries.joined(separator: "\n")
    }

    @Test("A worker whose file store is not the one that the others share is refused, whatever the catalog")
    func notShared() async throws {
        try await expectSharedStores(.file)
    }

    @Test("On PostgreSQL too, where workers run on many hosts", .needsPostgreSQL)
    func notSharedOnServer() async throws {
        try await expectSharedStores(.server(#require(RealPostgreSQL.url)))
    }

    private func expectSharedStores(_ catalog: SiteCatalog) async throws {
        try await withSite(catalog: catalog) { site in
            let first = try await site.startReadyWorker()
            let other = ["stores.default.url": "file://\(site.directory)/other-host"]
            let said = try await refusal(site, other, code: 1)
            #expect(said.contains("store default") && said.contains("must share their file stores"), "\(said)")
            let doctor = try await site.run("doctor", overrides: other)
            #expect(doctor.end == .exited(2) || doctor.end == .exited(1))
            #expect(doctor.output.contains { $0.contains("must share their file stores") }, "\(doctor.output)")
            // One that another host adopted at the same time, or that an older version did.
            let place = "\(site.directory)/another-host"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let marker = try String(contentsOfFile: "\(site.storePath)/.longshore", encoding: .utf8)
            let year = try #require(marker.firstMatch(of: /"made_at" : "([0-9]{4})/)?.1)
            try marker.replacing("\"\(year)-", with: "\"2001-")
                .write(toFile: "\(place)/.longshore", atomically: true, encoding: .utf8)
            let told = try await refusal(site, ["stores.default.url": "file://\(place)"])
            #expect(told.contains("was made at 2001-") && told.contains("must share their file stores"), "\(told)")
            // The same directory under another path is the same store.
            let link = "\(site.directory)/mounted-elsewhere"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: site.storePath)
            let second = try await site.startReadyWorker(["stores.default.url": "file://\(link)"])
            for worker in [first, second] { try await site.stop(worker) }
        }
    }

    @Test("A store that is gone is not made anew, and is taken as it is when it is back")
    func notMounted() async throws {
        try await withSite { site in
            let first = try await site.startReadyWorker()
            try await site.stop(first)
            let away = "\(site.directory)/away"
            for leavesMountPoint in [false, true] {
                try FileManager.default.moveItem(atPath: site.storePath, toPath: away)
                if leavesMountPoint {
                    try FileManager.default.createDirectory(
                        atPath: site.storePath, withIntermediateDirectories: false)
                }
                let said = try await refusal(site, [:], code: 1)
                #expect(said.contains("is its file system mounted?"), "\(said)")
                if leavesMountPoint { try FileManager.default.removeItem(atPath: site.storePath) }
                #expect(!FileManager.default.fileExists(atPath: site.storePath))
                try FileManager.default.moveItem(atPath: away, toPath: site.storePath)
            }
            let second = try await site.startReadyWorker()
            try await site.stop(second)
        }
    }

    @Test("A store of another catalog, of another name or without a marker is refused by name")
    func strangers() async throws {
        try await withSite { site in
            let first = try await site.startReadyWorker()
            let stranger = try await refusal(
                site,
                ["catalog.url": "sqlite://\(site.directory)/second.db", "broker.prefix": "\(site.prefix)-second"])
            #expect(stranger.contains("belongs to catalog"), "\(stranger)")
            let renamed = try await refusal(site, ["stores.second.url": "file://\(site.storePath)"])
            #expect(renamed.contains("store second") && renamed.contains("under the name default"), "\(renamed)")
            let used = "\(site.directory)/used"
            try FileManager.default.createDirectory(atPath: "\(used)/something", withIntermediateDirectories: true)
            let unmarked = try await refusal(site, ["stores.second.url": "file://\(used)"])
            #expect(unmarked.contains("is not empty"), "\(unmarked)")
            try await site.stop(first)
            try await site.removeTopology(prefix: "\(site.prefix)-second")
        }
    }
}

import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Workers on one PostgreSQL", .needsBroker, .needsPostgreSQL, .timeLimit(.minutes(20)))
struct PostgreSQLTests {
    private static let quick = ["lease.duration": "2s", "lease.renew": "300ms"]

    /// Imports that take a while, an offer of each image, and a renaming of each: all of them are published at once.
    private func publishWork(_ count: Int, to site: Site) async throws -> [String] {
        var jobs = try await site.publishImports(count)
        for job in jobs {
            let offer = site.job("share", "offer-\(job)", image: "of-\(job)")
                .setting("share", to: ["action": "offer", "member": "acct-2"])
            let renaming = site.job("update", "rename-\(job)", image: "of-\(job)")
                .setting("set", to: ["name": "renamed"])
            for work in [offer, renaming] { try await site.publish(work) }
        }
        jobs += jobs.flatMap { ["offer-\($0)", "rename-\($0)"] }
        return jobs
    }

    @Test("One of several workers is killed: the others finish its jobs, and nothing is lost or doubled")
    func killed() async throws {
        try await withSite(Self.quick, catalog: .server(try #require(RealPostgreSQL.url))) { site in
            let workers = try (0..<3).map { _ in try site.startWorker() }
            let jobs = try await publishWork(12, to: site)
            try await site.events.wait(for: "several running imports") { $0.count { $0.phase == "started" } >= 6 }
            workers[0].signal(SIGKILL)
            #expect(try await workers[0].waitForEnd() == .signalled(SIGKILL))
            try await site.expectSoundness(of: jobs, after: workers[1], workers[2])
            #expect(try await site.image("of-job-12").details.name == "renamed")
            for job in jobs { #expect(try await site.job(job).state == .succeeded, "\(job)") }
        }
    }

    @Test("The server goes away in the middle and comes back: nothing is lost or doubled", arguments: ["halt", "kill"])
    func restarted(how: String) async throws {
        try await DatabaseNode.with { node in
            try await withSite(Self.quick, catalog: .server(node.url)) { site in
                let workers = try (0..<2).map { _ in try site.startWorker() }
                let jobs = try await publishWork(10, to: site)
                for round in 1...2 {
                    try await site.events.wait(for: "an import that ends") { received in
                        received.count { $0.phase == "completed" && $0.jobID?.hasPrefix("job-") == true } >= 2 * round
                    }
                    if how == "halt" { try await node.halt() } else { try await node.kill() }
                    try await node.resume()
                }
                try await site.expectSoundness(of: jobs, after: workers[0], workers[1])
                for job in jobs { #expect(try await site.job(job).state == .succeeded, "\(job)") }
            }
        }
    }

    @Test("The server dies and its standby takes over: workers go on there, and nothing is lost or doubled")
    func failedOver() async throws {
        try await DatabaseNode.with { node in
            try await node.withStandby { standby in
                let ports = try [node, standby].map { "\(try RealPostgreSQL.port(of: $0.url))" }.joined(separator: ",")
                let both = try RealPostgreSQL.url(node.url, adding: ["host": "127.0.0.1,127.0.0.1", "port": ports])
                try await withSite(Self.quick, catalog: .server(both)) { site in
                    let workers = try (0..<2).map { _ in try site.startWorker() }
                    let jobs = try await publishWork(10, to: site)
                    try await site.events.wait(for: "imports that end") { received in
                        received.count { $0.phase == "completed" && $0.jobID?.hasPrefix("job-") == true } >= 3
                    }
                    try await node.kill()
                    try await standby.promote()
                    try await site.expectSoundness(of: jobs, after: workers[0], workers[1])
                    for job in jobs { #expect(try await site.job(job).state == .succeeded, "\(job)") }
                }
            }
        }
    }

    @Test("A database that is not there is waited for, and named by doctor without the password")
    func away() async throws {
        try await DatabaseNode.with { node in
            try await withSite(["worker.start_timeout": "5m"], catalog: .server(node.url)) { site in
                try await node.halt()
                let doctor = try await site.run("doctor")
                #expect(doctor.end == .exited(4))
                let catalog = doctor.output.first { $0.contains("catalog") }
                #expect(catalog?.contains("Connection refused") == true, "\(doctor.output)")
                #expect((doctor.output + doctor.errors).allSatisfy { !$0.contains("longshore-test") })
                let worker = try site.startWorker()
                try await worker.errors.wait(for: "a worker that waits") { lines in
                    lines.contains { $0.contains("Not ready yet") }
                }
                try await node.resume()
                site.origin.serve("/image", .pattern(size: 1_000))
                try await site.publish(site.importJob("job-1", path: "/image"))
                #expect(try await site.end(of: "job-1").phase == "completed")
                try await site.stop(worker)
                #expect(worker.errors.entries.allSatisfy { !$0.contains("longshore-test") })
            }
        }
    }
}

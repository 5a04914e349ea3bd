import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Starts that fail, and health", .needsBroker, .timeLimit(.minutes(10)))
struct StartTests {
    @Test("A broker that cannot be reached is 3, with host and port and without the password")
    func noBroker() async throws {
        try await withSite { site in
            let gone = try Origin().rule
            for command in [["worker"], ["import", "https://objects.example/x"], ["watch"], ["topology", "check"]] {
                let program = try site.start(
                    command, ["broker.url": "amqp://user:canary-pw@\(gone)/", "worker.start_timeout": "0s"])
                #expect(try await program.waitForEnd() == .exited(3))
                let said = program.errors.entries.joined(separator: "\n")
                #expect(said.contains(gone) && !said.contains("canary-pw"))
            }
        }
    }

    @Test("A catalog that is no database is 4, and names the file")
    func noCatalog() async throws {
        try await withSite { site in
            let path = "\(site.directory)/other.db"
            try Data("this is no database, and long enough to be looked at as one".utf8).write(
                to: URL(fileURLWithPath: path))
            for command in [["worker"], ["jobs", "list"], ["images", "show", "x"]] {
                let program = try site.start(command, ["catalog.url": "sqlite://\(path)"])
                #expect(try await program.waitForEnd() == .exited(4), "\(command)")
                #expect(program.errors.entries.joined().contains(path), "\(command)")
            }
        }
    }

    /// Goal: who forgot to say where the catalog is learns it, and is not shown an empty one. Method: each command that reads
    /// what workers wrote, where no worker has been.
    @Test("What only reads or clears the catalog is 4 where none is yet, names the place, and makes none")
    func catalogToBeMade() async throws {
        try await withSite { site in
            let path = "\(site.directory)/other/catalog.db"
            let commands = [
                ["jobs", "list"], ["jobs", "show", "x"], ["jobs", "retry", "x"], ["images", "list"],
                ["images", "show", "x"], ["images", "history", "x"], ["events", "resend", "--all", "--dry-run"],
                ["sweep"], ["sweep", "--dry-run"], ["topology", "check"],
            ]
            for command in commands {
                let program = try site.start(command, ["catalog.url": "sqlite://\(path)"])
                #expect(try await program.waitForEnd() == .exited(4), "\(command)")
                let said = program.errors.entries.joined()
                #expect(said.contains("\(path): there is no catalog yet"), "\(command): \(said)")
                #expect(program.output.entries.isEmpty, "\(command)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(site.directory)/other"))
        }
    }

    /// Goal: nobody runs SQLite where its locks do not hold. Method: the mount table that the real worker reads says that the
    /// directory of its catalog is another file system, as ``FaultySystem`` tells.
    @Test(
        "SQLite on a file system of the network is 4 at once, names it and says what to do; so does doctor",
        arguments: ["nfs4", "cifs", "ceph", "fuse.sshfs"])
    func networkFileSystem(_ type: String) async throws {
        try await withSite(catalog: .file) { site in
            let place = URL(fileURLWithPath: site.directory).resolvingSymlinksInPath().path
            let table = """
                22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
                30 22 0:26 / \(place) rw - \(type) server:/export rw
                """
            let system = try FaultySystem(in: site, mounts: table)
            for command in ["worker", "doctor"] {
                let program = try site.start([command], under: system)
                #expect(try await program.waitForEnd() == .exited(4), "\(command)")
                let said = (program.output.entries + program.errors.entries).joined(separator: "\n")
                for part in [site.directory, "\(type), a file system of the network", "postgres://"] {
                    #expect(said.contains(part), "\(command): \(said)")
                }
            }
            #expect(!FileManager.default.fileExists(atPath: site.catalogPath), "nothing was begun there")
            // The same with a disk of the host there.
            let local = try FaultySystem(in: site, mounts: table.replacing(" \(type) ", with: " ext4 "))
            try await site.stop(try await site.startReadyWorker(under: local))
        }
    }

    @Test("A wrong key in the file is 2 and named; so is a wrong value in the environment")
    func wrongConfiguration() async throws {
        try await withSite { site in
            let path = "\(site.directory)/longshore.yaml"
            try Data("worker:\n  slotz:\n    import: 3\n".utf8).write(to: URL(fileURLWithPath: path))
            let file = try await site.run("worker", "--config", path)
            #expect(file.end == .exited(2))
            #expect(file.errors.joined().contains("worker.slotz"))
            let environment = try await site.run("worker", overrides: ["lease.duration": "soon"])
            #expect(environment.end == .exited(2))
            #expect(environment.errors.joined().contains("LONGSHORE_LEASE_DURATION"))
        }
    }

    @Test("A second catalog on the same queues is refused, and the queues keep their owner")
    func secondCatalog() async throws {
        try await withSite { site in
            let first = try await site.startReadyWorker()
            let second = try site.startWorker(["catalog.url": "sqlite://\(site.directory)/second.db"])
            #expect(try await second.waitForEnd() == .exited(2))
            #expect(!second.errors.entries.isEmpty)
            try await site.stop(first)
        }
    }

    @Test("A worker that starts before its broker waits for it when worker.start_timeout says so, and gives up then")
    func patience() async throws {
        try await withSite { site in
            let gone = try Origin().rule
            let worker = try site.startWorker(["broker.url": "amqp://\(gone)/", "worker.start_timeout": "1s"])
            #expect(try await worker.waitForEnd() == .exited(3))
            #expect(worker.errors.entries.contains { $0.contains("trying again") })
        }
    }

    @Test("A worker that is asked to stop while it still waits for its broker does so at once, with 0")
    func stoppedWhileStarting() async throws {
        try await withSite { site in
            let gone = try Origin().rule
            let worker = try site.startWorker(["broker.url": "amqp://\(gone)/"])
            try await worker.errors.wait(for: "a try") { $0.contains { $0.contains("trying again") } }
            try await site.stop(worker)
            #expect(worker.errors.entries.contains { $0.contains("before anything was begun") })
        }
    }

    @Test("A health port that another worker of the host has is named, and the work goes on without it")
    func takenPort() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker(["health.listen": site.origin.rule])
            try await worker.errors.wait(for: "a word about the port") { lines in
                lines.contains { $0.contains("cannot be probed") && $0.contains("health.listen=\(site.origin.rule)") }
            }
            try await site.publish(site.importJob("job-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
        }
    }

    @Test("A worker is alive and ready; when its broker is closed to it, it is alive and says what it misses")
    func health() async throws {
        try await withSite { site in
            let port = try Origin().port
            let health = ["health.listen": "127.0.0.1:\(port)"]
            let proxy = try site.brokerProxy()
            let worker = try await site.startReadyWorker(health.merging(site.through(proxy)) { $1 })
            #expect(try await site.get("http://127.0.0.1:\(port)/healthz").status == 200)
            let ready = try await site.get("http://127.0.0.1:\(port)/readyz")
            #expect(ready.status == 200 && ready.body["broker"].text == "ok" && ready.body["catalog"].text == "ok")
            await proxy.set(.refusing)
            await proxy.reset()
            try await worker.errors.wait(for: "the loss") { lines in
                lines.count { $0.contains("no connection to the broker") } >= 2
            }
            let unready = try await site.get("http://127.0.0.1:\(port)/readyz")
            #expect(unready.status == 503 && unready.body["broker"].text == "not connected")
            #expect(unready.body["catalog"].text == "ok")
            #expect(try await site.get("http://127.0.0.1:\(port)/healthz").status == 200)
            await proxy.set(.clear)
            try await worker.errors.wait(for: "the return") { lines in
                lines.connections == 5
            }
            #expect(try await site.get("http://127.0.0.1:\(port)/readyz").status == 200)
            site.origin.serve("/image", .pattern(size: 1_000))
            try await site.publish(site.importJob("job-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
        }
    }

    @Test("Events that could not be sent while the broker was away are sent when it is back, in their order")
    func outage() async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 50_000).holding(after: 1_000, until: gate))
            let worker = try await site.startReadyWorker(site.through(proxy))
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            try await site.event("started", of: "job-1")
            await proxy.set(.refusing)
            await proxy.reset()
            gate.open()
            try await worker.errors.wait(for: "the end of the job") { $0.contains { $0.contains("Job left") } }
            #expect(try await site.image("image-1").status == .active)
            await proxy.set(.clear)
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            try await site.expectEndedOnce("job-1")
        }
    }
}

import Foundation
import TestSupport
import Testing

@Suite("Commands against a running worker", .needsBroker, .timeLimit(.minutes(10)))
struct CommandTests {
    @Test("`import --wait` shows the steps as plain lines when nobody sits there, and ends with 0")
    func importWait() async throws {
        try await withSite { site in
            let bytes = PatternBytes(size: 600_000, seed: 8)
            site.origin.serve("/disk.img", .pattern(size: 600_000, seed: 8).trickling(bytes: 60_000, milliseconds: 40))
            let worker = try site.startWorker()
            let done = try await site.run(
                "import", site.origin.url("/disk.img?token=canary"), "--name", "disk", "--id", "image-1", "--sha256",
                sha256(bytes.all), "--wait", "--timeout", "60s")
            try await site.stop(worker)
            #expect(done.end == .exited(0), "\(done.errors)")
            #expect(done.output.contains { $0.hasPrefix("accepted") })
            #expect(done.output.contains { $0.hasPrefix("started") && $0.contains("attempt 1") })
            #expect(done.output.contains { $0.contains("completed") && $0.contains("image-1") })
            #expect(done.output.contains { $0.contains(sha256(bytes.all)) })
            #expect(!done.output.joined().contains { $0 == "\r" || $0 == "\u{1B}" })
            #expect(!(done.output + done.errors).contains { $0.contains("canary") })
        }
    }

    @Test("`import --wait` ends with 1 and the reason when the job fails, and with 2 when it cannot be one")
    func importFails() async throws {
        try await withSite { site in
            let worker = try site.startWorker()
            let failed = try await site.run("import", site.origin.url("/absent"), "--name", "x", "--wait")
            #expect(failed.end == .exited(1))
            #expect(failed.errors.joined().contains("source_not_found"))
            let json = try await site.run("import", site.origin.url("/absent"), "--name", "x", "--wait", "--json")
            #expect(json.end == .exited(1))
            #expect(json.json["job", "state"].text == "failed")
            let usage = try await site.run("import", "no-url", "--name", "x")
            #expect(usage.end == .exited(2))
            try await site.stop(worker)
        }
    }

    @Test("A scheme that no worker fetches is 2 and named, with those that are, before the broker is asked")
    func schemes() async throws {
        try await withSite { site in
            let offline = ["broker.url": "amqp://\(try Origin().rule)/"]
            let cases = [
                (["htp://x"], "\"htp://x\""), (["FTP://h/a.img?key=canary"], "\"FTP://h/a.img\""),
                (["volume://b395386bdb4a4ff1b1850a457c949c5e", "--profile", "zstack"], "\"volume\""),
                (["bucket:object"], "\"bucket\""), (["htp://user:canary@h/a"], "\"htp:…\""),
            ]
            for (arguments, value) in cases {
                let program = try site.start(["import"] + arguments, offline)
                #expect(try await program.waitForEnd() == .exited(2), "\(arguments)")
                let said = program.errors.entries.joined()
                #expect(said.contains(value) && said.contains("https, http, s3"), "\(said)")
                #expect(!said.contains("canary"))
            }
            for arguments in [["HTTPS://h/a"], ["bucket:object", "--profile", "ims"]] {
                let program = try site.start(["import"] + arguments, offline)
                #expect(try await program.waitForEnd() == .exited(3), "\(arguments)")
            }
            let help = try await site.run("import", "--help")
            #expect(help.output.joined().contains("https, http, s3"))
        }
    }

    @Test("`--timeout` ends the waiting with 124, and the job goes on")
    func timeout() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 50_000).holding(after: 1_000, until: gate))
            let worker = try site.startWorker()
            let waiting = try await site.run(
                "import", site.origin.url("/held"), "--name", "x", "--job-id", "job-1", "--wait", "--timeout", "1s")
            #expect(waiting.end == .exited(124))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            gate.open()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
        }
    }

    @Test("Jobs and images can be listed and shown; what nobody knows is 5")
    func looking() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            let job = try await site.run("jobs", "show", "job-1", "--json")
            #expect(job.end == .exited(0) && job.json["job", "state"].text == "succeeded")
            #expect(job.json["image", "id"].text == "image-1")
            let image = try await site.run("images", "show", "image-1", "--json")
            #expect(image.json["digests"] == end.data["image", "digests"])
            let url = try #require(image.json["locations"][0]["url"].text)
            #expect(url.hasPrefix("file://\(site.storePath)/objects/"))
            let history = try await site.run("images", "history", "image-1", "--json")
            #expect(
                history.json.elements.map { $0["topic"].text }
                    == ["accepted", "started", "completed"].map { "image.import.\($0)" })
            let jobs = try await site.run("jobs", "list", "--state", "succeeded", "--json")
            #expect(jobs.json.elements.count == 1)
            #expect(try await site.run("jobs", "list").output.contains { $0.hasPrefix("job-1") })
            #expect(try await site.run("images", "show", "nope").end == .exited(5))
            #expect(try await site.run("jobs", "show", "nope").end == .exited(5))
            #expect(try await site.run("images", "history", "nope").end == .exited(5))
        }
    }

    @Test("`images history` tells when, what, of which image, with which result, who asked and which worker did it")
    func history() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            let kim: JSON = ["account": "acct-1", "user": "kim@example.com"]
            let jobs = [
                site.importJob("job-1", image: "image-1", path: "/image"),
                site.job("update", "job-2", image: "image-1").setting("set", to: ["name": "new", "tags": ["a=1"]]),
                site.job("share", "job-3", image: "image-1").setting(
                    "share", to: ["action": "offer", "member": "acct-2"]),
                site.copy("job-4", of: "image-1", to: "default"),
                site.job("delete", "job-5", image: "image-1"),
            ]
            for job in jobs {
                try await site.publish(job.setting("actor", to: kim))
                _ = try await site.end(of: job["id"].text ?? "")
            }
            try await site.stop(worker)
            let history = try await site.run("images", "history", "image-1", "--json")
            let ends = history.json.elements.filter { row in
                ["completed", "failed"].contains { row["topic"].text?.hasSuffix($0) == true }
            }
            #expect(
                ends.map { $0["work"].text } == [
                    "import from \(site.origin.url("/image"))", "set name, tags", "offer to acct-2",
                    "copy to store default", "delete",
                ])
            #expect(
                ends.map { $0["result"].text }
                    == ["succeeded", "succeeded", "succeeded", "replica_exists", "succeeded"])
            #expect(ends.map { $0["image", "name"].text } == ["image of job-1", "new", "new", "new", "new"])
            #expect(ends.allSatisfy { $0["image", "id"].text == "image-1" && $0["time"].text != nil })
            #expect(ends.allSatisfy { $0["actor", "user"].text == "kim@example.com" })
            #expect(ends.allSatisfy { $0["worker"].text != nil || $0["job"].text == "job-4" })
            let table = try await site.run("images", "history", "image-1").output
            #expect(table.first?.split(separator: " ").prefix(5) == ["TIME", "IMAGE", "NAME", "WORK", "EVENT"])
            #expect(table.contains { $0.contains("set name, tags") && $0.contains("kim@example.com") })
        }
    }

    @Test("`submit` takes one job on each line, and sends none when one of them is wrong")
    func submit() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            let jobs = (1...3).map { site.importJob("job-\($0)", path: "/image") }
            let lines = try jobs.map { String(decoding: try $0.bytes, as: UTF8.self) }
            let wrong = try await site.run(
                "submit", "-", input: Array((lines + ["{\"id\":\"x\"}"]).joined(separator: "\n").utf8))
            #expect(wrong.end == .exited(2) && wrong.errors.joined().contains(":4"))
            #expect(wrong.errors.count > 1, "each thing that is wrong has its line: \(wrong.errors)")
            let sent = try await site.run("submit", "-", input: Array(lines.joined(separator: "\n\n").utf8))
            #expect(sent.end == .exited(0) && sent.output.count == 3, "\(sent.errors)")
            for job in 1...3 { #expect(try await site.end(of: "job-\(job)").phase == "completed") }
            try await site.stop(worker)
            #expect(try await site.settledEvents().filter { $0.phase == "accepted" }.count == 3)
            #expect(site.deadLetters.entries.isEmpty)
        }
    }

    @Test("`watch` prints the events that its pattern takes, as they come")
    func watch() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try await site.startReadyWorker()
            let all = try site.start(["watch", "--json"])
            let ends = try site.start(["watch", "image.*.completed.#"])
            // A watcher says nothing before the first event: jobs go on until both have heard of one.
            var number = 0
            while all.output.entries.isEmpty || ends.output.entries.isEmpty {
                number += 1
                try await site.publish(site.importJob("probe-\(number)", path: "/image"))
                _ = try await site.end(of: "probe-\(number)")
            }
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let lines = try await ends.output.wait(for: "the end of job-1") { $0.contains { $0.contains("job=job-1") } }
            #expect(lines.allSatisfy { $0.contains("image.import.completed") })
            try await all.output.wait(for: "the same as JSON") { lines in
                lines.contains { (try? JSON(parsing: $0.utf8))?["data", "image", "id"].text == "image-1" }
            }
            all.signal(SIGINT)
            _ = try await all.waitForEnd()
            ends.signal(SIGINT)
            _ = try await ends.waitForEnd()
            try await site.stop(worker)
        }
    }

    @Test("`share`, `update`, `delete` and `cancel` do their work from the command line")
    func otherKinds() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            _ = try await site.run(
                "import", site.origin.url("/image"), "--name", "x", "--id", "image-1", "--owner", "acct-1", "--wait")
            let share = try await site.run("share", "image-1", "offer", "acct-2", "--wait")
            #expect(share.end == .exited(0), "\(share.errors)")
            let update = try await site.run("update", "image-1", "--name", "y", "--wait")
            #expect(update.end == .exited(0), "\(update.errors)")
            #expect(try await site.run("images", "show", "image-1").json["name"].text == "y")
            let cancel = try await site.run("cancel", "job-nobody-knows", "--wait")
            #expect(cancel.end == .exited(0), "\(cancel.errors)")
            let foreign = try await site.run("delete", "image-1", "--account", "acct-2", "--wait")
            #expect(foreign.end == .exited(1) && foreign.errors.joined().contains("not_owner"))
            let delete = try await site.run("delete", "image-1", "--wait")
            #expect(delete.end == .exited(0), "\(delete.errors)")
            // Nothing of bytes and digests that are no more.
            #expect(delete.output.suffix(2) == ["completed  image image-1", "           deleted"], "\(delete.output)")
            #expect(site.objects.isEmpty)
            try await site.stop(worker)
        }
    }

    @Test("`doctor` finds nothing wrong where all is well, and says what is wrong where it is not")
    func doctor() async throws {
        try await withSite { site in
            let worker = try await site.startReadyWorker()
            let well = try await site.run("doctor", "--json")
            #expect(well.end == .exited(0), "\(well.output) \(well.errors)")
            #expect(well.json.elements.allSatisfy { $0["ok"] == true })
            try await site.stop(worker)
            let gone = try Origin().rule
            let ill = try await site.run("doctor", "--json", overrides: ["broker.url": "amqp://\(gone)/"])
            #expect(ill.end == .exited(3))
            let broker = ill.json.elements.first { $0["check"].text == "broker" }
            #expect(broker?["ok"] == false && broker?["message"].text?.contains(gone) == true)
        }
    }

    @Test("`doctor` changes nothing: what is not there yet it leaves to the first worker")
    func doctorBeforeTheFirstWorker() async throws {
        try await withSite { site in
            let new = try await site.run("doctor", "--json")
            #expect(new.end == .exited(0), "\(new.output) \(new.errors)")
            for (check, words) in [("catalog", "the first worker makes it"), ("store default", "nobody's yet")] {
                let found = new.json.elements.first { $0["check"].text == check }
                #expect(found?["ok"] == true && found?["message"].text?.contains(words) == true, "\(new.output)")
            }
            for path in [site.catalogPath, site.storePath] {
                #expect(!FileManager.default.fileExists(atPath: path), "\(path)")
            }
            let worker = try await site.startReadyWorker()
            try await site.stop(worker)
        }
    }
}

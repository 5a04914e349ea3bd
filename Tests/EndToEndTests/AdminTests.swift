import Foundation
import TestSupport
import Testing

@Suite("Questions over HTTP", .needsBroker, .timeLimit(.minutes(10)))
struct AdminTests {
    private static let token = "CANARY-4b1d0f6a-token"

    /// Starts a worker that answers questions, and returns where.
    private func start(_ site: Site, _ overrides: [String: String] = [:]) async throws -> (Program, url: String) {
        let port = try Origin().port
        let settings = ["admin.listen": "127.0.0.1:\(port)"].merging(overrides) { $1 }
        let worker = try site.start(["worker", "--log-level", "trace"], settings)
        try await worker.errors.wait(for: "the port") { lines in
            lines.contains { $0.contains("Listening") && $0.contains("port=\(port)") }
        }
        return (worker, "http://127.0.0.1:\(port)")
    }

    @Test("An image is told as the commands print it, or in the words of any vendor's profile")
    func image() async throws {
        try await withSite { site in
            site.origin.serve("/a.qcow2", .bytes(try ProfileTests.qcow2(virtualSize: "1G")))
            let (worker, url) = try await start(site)
            let id = "image:1@a+b=c"
            try await site.publish(
                site.importJob("job-1", image: id, path: "/a.qcow2").setting("image", "owner", to: "acct-1"))
            #expect(try await site.end(of: "job-1").phase == "completed")

            let shown = try await site.run("images", "show", id, "--json").json
            for path in ["image:1@a+b=c", "image%3A1%40a%2Bb%3Dc"] {
                let answer = try await site.ask("\(url)/v1/images/\(path)")
                #expect(answer.status == 200 && answer.body == shown && shown["id"].text == id)
            }
            for profile in ["ims", "ncp", "scp", "zstack"] {
                let answer = try await site.ask("\(url)/v1/images/\(id)?view=\(profile)")
                let printed = try await site.run("images", "show", id, "--view", profile).json
                #expect(answer.status == 200 && answer.body == printed && answer.body != .null, "\(profile)")
                #expect(answer.headers["content-type"] == "application/json")
            }
            let list = try await site.ask("\(url)/v1/images?view=ims")
            #expect(list.body == (try await site.run("images", "list", "--view", "ims").json))
            #expect(list.body.elements.map { $0["id"].text } == [id])
            let unknown = try await site.ask("\(url)/v1/images/\(id)?view=aws")
            #expect(unknown.status == 400)
            #expect(unknown.message == "there is no profile \"aws\"; there are ims, ncp, scp, zstack")
            for path in ["/v1/images/nobody", "/v1/images/nobody?view=ims", "/v1/images/%20%00", "/v1/jobs/nobody"] {
                let missing = try await site.ask(url + path)
                #expect(missing.status == 404 && missing.message?.contains("knows no") == true, "\(path)")
            }
            try await site.stop(worker)
        }
    }

    @Test("Jobs and lists are told too, filtered and bounded; what is not understood is refused and named")
    func lists() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let (worker, url) = try await start(site)
            for number in 1...3 {
                let job = site.importJob("job-\(number)", image: "image-\(number)", path: "/image")
                try await site.publish(job.setting("image", "owner", to: .string("acct-\(number)")))
                _ = try await site.end(of: "job-\(number)")
            }
            try await site.publish(
                site.job("share", "job-4", image: "image-2")
                    .setting("share", to: ["action": "offer", "member": "acct-9"]))
            _ = try await site.end(of: "job-4")
            try await site.publish(
                site.job("share", "job-5", image: "image-2")
                    .setting("share", to: ["action": "accept", "member": "acct-9"]))
            _ = try await site.end(of: "job-5")

            let lists: [(String, [String])] = [
                ("/v1/images", ["image-3", "image-2", "image-1"]), ("/v1/images?limit=1", ["image-3"]),
                ("/v1/images?owner=acct-2", ["image-2"]), ("/v1/images?shared_with=acct-9", ["image-2"]),
                ("/v1/images?status=failed&status=deleted", []), ("/v1/jobs?kind=share", ["job-5", "job-4"]),
                ("/v1/jobs?image=image-1&state=succeeded", ["job-1"]), ("/v1/jobs?state=running", []),
            ]
            for (path, ids) in lists {
                let answer = try await site.ask(url + path)
                #expect(answer.status == 200 && answer.body.elements.map { $0["id"].text } == ids, "\(path)")
            }
            let job = try await site.ask("\(url)/v1/jobs/job-1")
            #expect(job.body == (try await site.run("jobs", "show", "job-1", "--json").json))
            #expect(try await site.ask("\(url)/v1/jobs/job-1?view=ims").body["status"].text == "SUCCESS")
            #expect(try await site.ask("\(url)/v1/jobs/job-1?view=scp").status == 404)

            let refused = [
                ("/v1/images?limit=0", "limit=0"), ("/v1/images?limit=1001", "1000"),
                ("/v1/images?limit=1&limit=2", "2"),
                ("/v1/images?status=fine", "active"), ("/v1/images?colour=red", "colour"),
                ("/v1/images?owner=%20", "owner"), ("/v1/jobs?kind=dance", "import"), ("/v1/jobs?state=", "queued"),
                ("/v1/jobs?kind=copy&kind=share", "kind"), ("/v1/images/image-1?limit=1", "view"),
            ]
            for (path, word) in refused {
                let answer = try await site.ask(url + path)
                #expect(answer.status == 400 && answer.message?.contains(word) == true, "\(path): \(answer)")
            }
            try await expectPages(site, url)
            let nothing = try await site.ask("\(url)/v2")
            #expect(nothing.status == 404 && nothing.message?.contains("/v1/images/{id}") == true)
            try await site.stop(worker)
        }
    }

    /// Pages follow one another, whatever comes meanwhile, over HTTP as in commands.
    private func expectPages(_ site: Site, _ url: String) async throws {
        let first = try await site.ask("\(url)/v1/jobs?limit=2&kind=import")
        #expect(first.body.elements.map { $0["id"].text } == ["job-3", "job-2"])
        #expect(first.headers["link"] == "</v1/jobs?limit=2&kind=import&after=job-2>; rel=\"next\"")
        try await site.publish(site.importJob("job-6", image: "image:6+", path: "/image"))
        _ = try await site.end(of: "job-6")
        let second = try await site.ask("\(url)/v1/jobs?limit=2&kind=import&after=job-2")
        #expect(second.body.elements.map { $0["id"].text } == ["job-1"] && second.headers["link"] == nil)
        let images = try await site.ask("\(url)/v1/images?limit=1")
        #expect(images.headers["link"] == "</v1/images?limit=1&after=image%3A6%2B>; rel=\"next\"")
        let next = try await site.ask("\(url)/v1/images?limit=1&after=image%3A6%2B")
        #expect(next.body.elements.map { $0["id"].text } == ["image-3"])
        for path in ["jobs", "images"] {
            let refused = try await site.ask("\(url)/v1/\(path)?after=nobody")
            #expect(refused.status == 400 && refused.message?.contains("nobody") == true)
            #expect(try await site.run(path, "list", "--after", "nobody").end == .exited(5))
        }
        let listed = try await site.run(
            "jobs", "list", "--limit", "2", "--kind", "import", "--after", "job-6", "--json")
        #expect(listed.json.elements.map { $0["id"].text } == ["job-3", "job-2"])
        #expect(listed.errors.contains("there are more jobs: --after job-2"))
        let rest = try await site.run("images", "list", "--after", "image-2", "--json")
        #expect(
            rest.json.elements.map { $0["id"].text } == ["image-1"]
                && !rest.errors.contains { $0.contains("more images") })
    }

    @Test("Only who shows the token is answered, nothing can be written, and the token stands in no log")
    func token() async throws {
        try await withSite { site in
            let (worker, url) = try await start(site, ["admin.token": Self.token])
            let wrong = [
                nil, "Bearer ", "Bearer \(Self.token)x", "Bearer \(Self.token.dropLast())", "Basic \(Self.token)",
                Self.token, "Bearer \(Self.token.lowercased())",
            ]
            for header in wrong {
                for path in ["/v1/images", "/v1/images/x?view=ims", "/nowhere"] {
                    let answer = try await site.ask(url + path, authorization: header)
                    #expect(answer.status == 401 && answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
                    #expect(answer.message?.contains("CANARY") == false, "\(path) \(header ?? "-")")
                }
            }
            let right = "Bearer \(Self.token)"
            #expect(try await site.ask("\(url)/v1/images", authorization: right).body == [])
            // With a token any name will do, as behind a proxy.
            let proxied = try await site.ask("\(url)/v1/images", authorization: right, host: "images.example")
            #expect(proxied.status == 200)
            for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
                for path in ["/v1/images", "/v1/images/x", "/nowhere"] {
                    let answer = try await site.ask(url + path, method: method, authorization: right)
                    #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD", "\(method) \(path)")
                }
            }
            let head = try await site.ask("\(url)/v1/images", method: "HEAD", authorization: right)
            #expect(head.status == 200 && head.body == .null)
            try await site.stop(worker)
            #expect(!(worker.errors.entries + worker.output.entries).contains { $0.contains("CANARY") })
        }
    }

    @Test("Without a token only this machine's own names are answered, not one that was made to mean it")
    func rebinding() async throws {
        try await withSite { site in
            let (worker, url) = try await start(site)
            for (host, status) in [
                ("localhost", 200), ("127.0.0.1:1", 200), ("[::1]:8474", 200), ("evil.example", 403),
                ("127.0.0.1.evil.example:80", 403), ("localhost.evil.example", 403), ("10.0.0.1", 403),
            ] {
                #expect(try await site.ask("\(url)/v1/images", host: host).status == status, "\(host)")
            }
            try await site.stop(worker)
        }
    }

    @Test("A worker whose port is taken says so and does its jobs; a port for others needs a token")
    func ports() async throws {
        try await withSite { site in
            let taken = try Origin()
            let address = "127.0.0.1:\(taken.port)"
            let worker = try await site.startReadyWorker(["admin.listen": address])
            try await worker.errors.wait(for: "the complaint") { lines in
                lines.contains { $0.contains("No questions are answered here") && $0.contains("admin.listen") }
            }
            site.origin.serve("/image", .pattern(size: 1_000))
            try await site.publish(site.importJob("job-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            let open = try await site.run("worker", overrides: ["admin.listen": "0.0.0.0:0"])
            #expect(open.end == .exited(2) && open.errors.joined().contains("admin.token"))
        }
    }
}

/// What a port answered.
private struct Answer {
    let status: Int
    /// By their names in lower case.
    let headers: [String: String]
    let body: JSON

    /// Why it refused.
    var message: String? { body["error", "message"].text }
}

extension Site {
    /// Asks a port over HTTP.
    fileprivate func ask(
        _ url: String, method: String = "GET", authorization: String? = nil, host: String? = nil
    ) async throws -> Answer {
        let arguments = ["-c", Self.asker, url, method, authorization ?? "", host ?? ""]
        let program = try Program("/usr/bin/python3", arguments, environment: ["PATH": "/usr/bin:/bin"])
        _ = try await program.waitForEnd()
        let answer = try #require(
            program.output.entries.last.flatMap { try? JSON(parsing: $0.utf8) }, "\(program.errors.entries)")
        let body = try? JSON(parsing: (answer["body"].text ?? "").utf8)
        return Answer(
            status: answer["status"].number ?? 0, headers: answer["headers"].members.compactMapValues(\.text),
            body: body ?? .null)
    }

    private static let asker = """
        import json, sys, urllib.request, urllib.error
        url, method, authorization, host = sys.argv[1:]
        request = urllib.request.Request(url, method=method)
        if authorization: request.add_header("Authorization", authorization)
        if host: request.add_header("Host", host)
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        print(json.dumps({"status": answer.status, "headers": headers, "body": answer.read().decode()}))
        """
}

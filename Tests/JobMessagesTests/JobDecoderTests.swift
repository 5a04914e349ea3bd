import ImageModel
import JobMessages
import Testing

@Suite("Decoding jobs")
struct JobDecoderTests {
    @Test("The contract's example message decodes member by member")
    func contractExample() throws {
        var message = ContractMessage.message(ContractMessage.full)
        message.contentType = "application/json"
        message.messageID = "job-7f3c"
        message.replyTo = "reply.1"
        message.correlationID = "c-1"
        message.userID = "portal"
        message.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        message.tracestate = "v=1"
        let submission = try JobDecoder.decode(message)
        let request = submission.request
        #expect(request.id == JobID("job-7f3c"))
        #expect(request.kind == .import)
        #expect(request.priority == 4)
        #expect(request.actor == JobActor(account: AccountID("acct-1"), user: "kim@example.com"))
        #expect(request.after.map(\.rawValue) == ["job-7f3b"])
        #expect(!request.runsAfterFailure)
        #expect(request.deadline?.description == "2026-12-01T00:00:00.000Z")
        #expect(request.maxAttempts == 8)
        guard case .import(let work) = request.work else {
            Issue.record("no import")
            return
        }
        let image = ImageSpecification(
            id: ImageID("4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86"), name: "ubuntu-24.04", owner: AccountID("acct-1"),
            profile: "ims", description: "", visibility: .private, isProtected: false, tags: ["team=web"],
            minimumDiskGiB: 40, minimumRAMMiB: 1_024,
            os: OperatingSystem(type: "linux", distro: "ubuntu", version: "24.04", arch: "x86_64"),
            properties: ["ims.hw_firmware_type": .string("uefi")])
        #expect(work.image == image)
        #expect(work.source.url == "https://objects.example/bucket/ubuntu.qcow2")
        #expect(work.source.credential == "objects-eu")
        let digest = try #require(Digest(.sha256, hex: ContractMessage.sha256))
        #expect(
            work.expectations
                == Expectations(
                    size: 627_048_448, format: .qcow2, digests: [digest],
                    digestsURL: "https://objects.example/bucket/SHA256SUMS"))
        #expect(work.digests == [.sha256, .md5])
        #expect(work.transform == Transform(decompress: .auto, convertTo: .raw))
        #expect(work.stores?.map(\.rawValue) == ["default"])
        #expect(work.storesRequire == .all)
        #expect(submission.sourceQuery == nil)
        #expect(submission.replyTo == "reply.1")
        #expect(submission.correlationID == "c-1")
        #expect(submission.userID == "portal")
        #expect(submission.traceparent == message.traceparent)
        #expect(submission.tracestate == "v=1")
    }

    @Test("What a message leaves out stays absent instead of becoming the default")
    func absentStaysAbsent() throws {
        let request = try JobDecoder.decode(ContractMessage.message(ContractMessage.import)).request
        let image = ImageSpecification(name: "n")
        let work = ImportRequest(image: image, source: SourceLocation(url: "https://h.example/i"))
        #expect(request == JobRequest(id: try #require(JobID("j1")), work: .import(work)))
    }

    @Test(
        "Every other kind decodes to its work",
        arguments: [
            ContractMessage.copy, ContractMessage.share, ContractMessage.update, ContractMessage.delete,
            ContractMessage.cancel,
        ])
    func otherKinds(text: String) throws {
        let request = try JobDecoder.decode(ContractMessage.message(text)).request
        let image = try #require(ImageID("i1"))
        let store = try #require(StoreName("eu-2"))
        switch request.work {
        case .import: Issue.record("no import was sent")
        case .copy(let work): #expect(work == CopyRequest(imageID: image, store: store))
        case .share(let work):
            #expect(work == ShareRequest(imageID: image, action: .offer, member: try #require(AccountID("acct-2"))))
        case .update(let work): #expect(work == UpdateRequest(imageID: image, changes: [.name("n")]))
        case .delete(let work): #expect(work == DeleteRequest(imageID: image))
        case .cancel(let work): #expect(work.jobID.rawValue == "job-7f3c")
        }
    }

    @Test("An update keeps the order of its changes, and null means back to the default")
    func updateWithNulls() throws {
        let text = ContractMessage.set(
            #""tags":null,"description":null,"properties":{"a":null,"b":1,"x-c":true},"min_disk_gib":null,"os":null,"#
                + #""state":"active","protected":null,"visibility":null,"min_ram_mib":7,"deleted":false"#)
        let request = try JobDecoder.decode(ContractMessage.message(text)).request
        guard case .update(let work) = request.work else {
            Issue.record("no update")
            return
        }
        let expected: [ImageChange] = [
            .tags(nil), .description(nil), .properties(["a": nil, "b": .integer(1), "x-c": .bool(true)]),
            .minimumDiskGiB(nil), .os(nil), .state("active"), .isProtected(nil), .visibility(nil), .minimumRAMMiB(7),
            .restore,
        ]
        #expect(work.changes == expected)
    }

    @Test("A copy to a new image may name a store, an id and an owner")
    func copyToNewImage() throws {
        let text =
            #"{"version":1,"id":"j","kind":"copy","image":{"id":"i1"},"#
            + #""to":{"image":{"id":"i2","name":"n2","owner":"acct-9"},"store":"eu-2"}}"#
        let request = try JobDecoder.decode(ContractMessage.message(text)).request
        let image = CopyRequest.NewImage(id: ImageID("i2"), name: "n2", owner: AccountID("acct-9"))
        let work = CopyRequest(imageID: try #require(ImageID("i1")), store: StoreName("eu-2"), newImage: image)
        #expect(request.work == .copy(work))
    }

    @Test("The query of the source is kept apart from its URL")
    func queryIsKeptApart() throws {
        let submission = try JobDecoder.decode(
            ContractMessage.message(ContractMessage.source("https://h.example/i?sig=s3cret?x")))
        #expect(submission.sourceQuery == "sig=s3cret?x")
        #expect(!submission.canonicalForm.contains("s3cret"))
        #expect(!"\(submission.request)".contains("s3cret"))
    }

    @Test("The id may come from the property alone")
    func idFromProperty() throws {
        let text = ContractMessage.delete.replacing(#""id":"j1","#, with: "")
        var message = ContractMessage.message(text)
        message.messageID = "j1"
        let submission = try JobDecoder.decode(message)
        #expect(submission.request.id.rawValue == "j1")
        let named = try JobDecoder.decode(ContractMessage.message(ContractMessage.delete))
        #expect(submission.canonicalForm == named.canonicalForm)
    }

    @Test(
        "The body's priority wins; a property beyond 9 means 9",
        arguments: [
            (Int?.none, Int?.none, Int?.none), (7, nil, 7), (nil, 3, 3), (0, 9, 0), (nil, 255, 9),
        ])
    func priority(body: Int?, property: Int?, expected: Int?) throws {
        let text = body.map { ContractMessage.with("\"priority\":\($0)") } ?? ContractMessage.import
        var message = ContractMessage.message(text)
        message.priority = property
        #expect(try JobDecoder.decode(message).request.priority == expected)
    }

    @Test(
        "A content type of JSON in UTF-8 is accepted, and so is none",
        arguments: [
            nil, "", "application/json", "Application/JSON; charset=UTF-8", #"application/json;charset="utf-8""#,
        ])
    func contentType(_ contentType: String?) throws {
        var message = ContractMessage.message(ContractMessage.import)
        message.contentType = contentType
        #expect(throws: Never.self) { try JobDecoder.decode(message) }
    }

    @Test(
        "URLs of any scheme pass when their syntax is right: what may be fetched is not decided here",
        arguments: [
            "https://h.example/i", "HTTP://10.0.0.1:8080", "s3://bucket/key/with%20space", "https://[::1]:8443/i",
            "file:///etc/passwd", "volume://x", "urn:x:y", "ftp://h/p", "https://h.example/a@b", "https://h:/",
            "my-bucket.eu:images/a.qcow2", String(repeating: "b", count: 63) + ":object",
        ])
    func urls(_ url: String) throws {
        let submission = try JobDecoder.decode(ContractMessage.message(ContractMessage.source(url)))
        guard case .import(let work) = submission.request.work else {
            Issue.record("no import")
            return
        }
        #expect(work.source.url == url)
    }

    @Test(
        "A trace that breaks the grammar is dropped, the job is not",
        arguments: [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "junk", "",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ])
    func brokenTrace(_ traceparent: String) throws {
        var message = ContractMessage.message(ContractMessage.import)
        message.traceparent = traceparent
        message.tracestate = "v=1"
        let submission = try JobDecoder.decode(message)
        #expect(submission.traceparent == nil)
        #expect(submission.tracestate == nil)
    }
}

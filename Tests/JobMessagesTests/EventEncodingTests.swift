import ImageModel
import JobMessages
import Testing

@Suite("Events as CloudEvents")
struct EventEncodingTests {
    private let encoder = CloudEventEncoder(cluster: "default")

    @Test("The contract's example event has exactly the contract's members, in its order")
    func contractExample() throws {
        let event = try EventSamples.event(.image(.import, .completed), data: try EventSamples.data())
        let text = JSONWriter.text(of: EventDataEncoder.json(event, view: [:]))
        let expected =
            #"{"job":{"id":"job-7f3c","kind":"import","attempt":1,"state":"succeeded","actor":{"account":"acct-1"},"#
            + #""worker":"w-1"},"image":{"id":"4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86","name":"ubuntu-24.04","#
            + #""owner":"acct-1","profile":"ims","status":"active","operation":null,"revision":3,"format":"qcow2","#
            + #""size":627048448,"virtual_size":3758096384,"digests":{"sha256":"\#(ContractMessage.sha256)"},"#
            + #""locations":[{"store":"default","state":"available"}],"visibility":"private","protected":false,"#
            + #""tags":[],"os":{},"min_disk_gib":40,"min_ram_mib":1024,"properties":{},"origin":null,"#
            + #""created_at":"2026-12-01T00:00:00.000Z","updated_at":"2026-12-01T00:00:00.000Z"},"#
            + #""source":{"url":"https://objects.example/bucket/ubuntu.qcow2","size":627048448,"digests":{},"#
            + #""wrapper":null,"etag":"\"e\""},"progress":{"stage":"fetching","bytes":104857600,"total":627048448,"#
            + #""bytes_per_second":88000000},"share":{"action":"accept","member":"acct-2","status":"accepted"},"#
            + #""error":{"code":"digest_mismatch","message":"sha256 is 00, not 01","stage":"verifying","#
            + #""retryable":false,"cause":null,"violations":[{"path":"/expect/digests/sha256","rule":"must match","#
            + #""value":"00"}]},"view":{}}"#
        #expect(text == expected)
    }

    @Test("What inspection let pass stands behind the image's other members")
    func findings() throws {
        var image = try EventSamples.image()
        image.content?.findings = [
            Finding(rule: .unclean, severity: .warning, offset: 79, message: "the dirty bit is set"),
            Finding(rule: .unpartitioned, severity: .note, offset: nil, message: "m"),
        ]
        let text = JSONWriter.text(of: EventDataEncoder.json(image, includesLocationURLs: false))
        let expected =
            #","findings":[{"rule":"unclean","severity":"warning","offset":79,"message":"the dirty bit is set"},"#
            + #"{"rule":"unpartitioned","severity":"note","offset":null,"message":"m"}]}"#
        #expect(text.hasSuffix(expected))
    }

    @Test("Parts that do not apply are absent")
    func absentParts() throws {
        let text = JSONWriter.text(of: EventDataEncoder.json(EventData(job: try EventSamples.job())))
        #expect(text.hasPrefix(#"{"job":{"#) && text.hasSuffix("}}"))
        #expect(JSONWriter.text(of: EventDataEncoder.json(EventData())) == "{}")
    }

    @Test("An event has the contract's attributes and properties")
    func attributes() throws {
        let event = try EventSamples.event(.image(.import, .completed), data: try EventSamples.data())
        let message = encoder.encode(event)
        #expect(message.routingKey == "image.import.completed.acct-1")
        #expect(message.messageID == "e-1")
        #expect(message.type == "dev.longshore.image.import.completed.v1")
        #expect(message.correlationID == "job-7f3c")
        #expect(message.isPersistent)
        #expect(OutgoingEvent.contentType == "application/cloudevents+json; charset=utf-8")
        let body = try StrictJSONParser.parse(message.body)
        let attributes = [
            "specversion": "1.0", "id": "e-1", "source": "/longshore/default", "type": message.type,
            "subject": "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", "time": "2026-12-01T00:00:00.000Z",
            "datacontenttype": "application/json", "sequence": "00000000000000000042",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ]
        #expect(body.object?.members.map(\.name).sorted() == (attributes.keys + ["data"]).sorted())
        for (name, value) in attributes {
            #expect(body[name]?.string == value)
            #expect(message.headers["cloudEvents_\(name)"] == (name == "datacontenttype" ? nil : value))
        }
        #expect(encoder.encode(event) == message, "a resend is the same bytes")
    }

    @Test("Progress is transient and has no sequence; what is not known is left out")
    func progress() throws {
        var event = try EventSamples.event(.image(.copy, .progress), owner: nil)
        event.sequence = nil
        event.imageID = nil
        let message = encoder.encode(event)
        #expect(!message.isPersistent)
        #expect(message.routingKey == "image.copy.progress._")
        let body = try StrictJSONParser.parse(message.body)
        #expect(body["sequence"] == nil && body["subject"] == nil && body["traceparent"] == nil)
    }

    @Test("Each byte of an owner that a topic word may not hold is escaped, and keys never pass 255 bytes")
    func routingKeys() throws {
        #expect(
            EventName.routingKey(.image(.share, .accepted), account: AccountID("kim.lee@x_y-z:1=2+3"))
                == "image.share.accepted.kim_2elee_40x_5fy-z_3a1_3d2_2b3")
        #expect(EventName.routingKey(.rejected(nil), account: nil) == "job.rejected._._")
        #expect(EventName.routingKey(.rejected(.copy), account: AccountID("a")) == "job.rejected.copy.a")
        let longest = AccountID("a" + String(repeating: ".", count: 63))
        for kind in JobKind.allCases {
            for phase in EventPhase.allCases {
                #expect(EventName.routingKey(.image(kind, phase), account: longest).utf8.count <= 255)
                let type = EventName.type(of: .image(kind, phase))
                #expect(EventName.topic(ofType: type) == .image(kind, phase))
            }
        }
        #expect(EventName.topic(ofType: "dev.longshore.job.rejected.v1") == .rejected(nil))
        #expect(EventName.topic(ofType: "dev.longshore.image.import.v1") == nil)
        #expect(EventName.topic(ofType: "dev.longshore.image.resize.completed.v1") == nil)
    }

    @Test("Members hear of share events under their own account")
    func shareCopies() throws {
        let share = ShareOutcome(action: .offer, member: try #require(AccountID("acct-2")), status: .pending)
        let data = EventData(job: try EventSamples.job(), share: share)
        let offered = encoder.encode(try EventSamples.event(.image(.share, .completed), data: data))
        #expect(offered.cc == ["image.share.completed.acct-2"])
        let own = encoder.encode(try EventSamples.event(.image(.share, .completed), owner: "acct-2", data: data))
        #expect(own.cc.isEmpty)
    }

    @Test("A reply is the same event, sent to the asker alone with the asker's correlation id")
    func reply() throws {
        let share = ShareOutcome(action: .offer, member: try #require(AccountID("acct-2")), status: .pending)
        let event = try EventSamples.event(.image(.share, .completed), data: EventData(share: share))
        let reply = encoder.encodeReply(event, replyTo: "amq.gen-1", correlationID: "ask-1")
        #expect(reply.routingKey == "amq.gen-1")
        #expect(reply.cc.isEmpty)
        #expect(reply.correlationID == "ask-1")
        #expect(reply.body == encoder.encode(event).body)
    }

    @Test("A rejected message is announced with what could be told of it")
    func rejected() throws {
        let message = ContractMessage.message(ContractMessage.image(#""owner":"acct-1","colour":1"#))
        let rejection = try #require(throws: RejectedMessage.self) { try JobDecoder.decode(message) }
        let event = try EventSamples.event(rejection)
        let outgoing = encoder.encode(event)
        #expect(outgoing.routingKey == "job.rejected.import.acct-1")
        #expect(outgoing.type == "dev.longshore.job.rejected.v1")
        #expect(outgoing.correlationID == "j1")
        let received = try ReceivedEvent(outgoing.body)
        #expect(received.topic == .rejected(nil))
        #expect(received.jobID == "j1")
        #expect(received.error?.code == "invalid_job")
        #expect(received.sequence == nil)
        #expect(received.data["error"]?["violations"]?.array?.count == 1)
    }

    @Test("Where the bytes lie is told only when asked")
    func locations() throws {
        let image = try EventSamples.image()
        let told = EventDataEncoder.json(image, includesLocationURLs: true)
        #expect(told["locations"]?.array?.first?["url"]?.string == "file:///images/k")
        #expect(EventDataEncoder.json(image, includesLocationURLs: false)["locations"]?.array?.first?["url"] == nil)
    }

    @Test("A deferred job tells why, a retry and a repair of which job")
    func jobExtras() throws {
        var job = try EventSamples.job(.deferred)
        job.reason = "waits for image i1"
        job.retryOf = JobID("job-0")
        job.repairs = JobID("job-9")
        let json = EventDataEncoder.json(job)
        #expect(json["reason"]?.string == "waits for image i1")
        #expect(json["retry_of"]?.string == "job-0")
        #expect(json["repair_of"]?.string == "job-9")
    }
}

import ImageModel
import JobMessages
import Testing

@Suite("Events as received")
struct ReceivedEventTests {
    @Test("What was encoded is read back")
    func readsBack() throws {
        let event = try EventSamples.event(.image(.import, .progress), data: try EventSamples.data())
        let received = try ReceivedEvent(CloudEventEncoder(cluster: "c").encode(event).body)
        #expect(received.topic == event.topic)
        #expect(received.phase == .progress)
        #expect(received.id == "e-1")
        #expect(received.subject == "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86")
        #expect(received.imageID == received.subject)
        #expect(received.jobID == "job-7f3c")
        #expect(received.sequence == "00000000000000000042")
        #expect(received.time == "2026-12-01T00:00:00.000Z")
        #expect(received.progress == event.data.progress)
        #expect(received.error?.code == "digest_mismatch")
        #expect(received.error?.message == "sha256 is 00, not 01")
        #expect(received.digests == event.data.image?.content?.digests)
        #expect(received.locations.map(\.store) == ["default"])
        #expect(received.locations.map(\.state) == ["available"])
    }

    @Test("What is missing or unknown is nil, and what is no event is refused")
    func lenient() throws {
        let bare = try ReceivedEvent(Array(#"{"type":"other","id":"1","data":{"progress":{"stage":"new"}}}"#.utf8))
        #expect(bare.topic == nil && bare.phase == nil && bare.jobID == nil && bare.imageID == nil)
        #expect(bare.progress == nil && bare.error == nil && bare.digests.isEmpty && bare.locations.isEmpty)
        for text in ["", "{}", "[]", #"{"type":"t"}"#, #"{"id":"1"}"#] {
            #expect(throws: JSONSyntaxError.self) { try ReceivedEvent(Array(text.utf8)) }
        }
    }
}

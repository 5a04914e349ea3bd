import Foundation
import ImageModel
import JobMessages
import Testing

@Suite("Jobs written as messages")
struct JobMessageTests {
    /// Goal: whatever the commands enqueue is decoded to the very same request.
    /// Method: 3,000 requests made of a fixed seed, every optional member present or absent by chance.
    @Test("What is written decodes to the same request", .timeLimit(.minutes(10)))
    func roundTrip() throws {
        let samples = RequestSamples(seed: 11)
        for _ in 0..<3_000 {
            let request = try samples.request()
            let query = request.kind == .import ? samples.maybe("sig=a%20b&c=?") : nil
            let message = JobMessage(request, sourceQuery: query)
            #expect(message.messageID == request.id.rawValue)
            #expect(message.routingKey == request.kind.rawValue)
            let submission = try JobDecoder.decode(
                IncomingMessage(
                    body: message.body, routingKey: message.routingKey, contentType: JobMessage.contentType,
                    messageID: message.messageID, priority: message.priority))
            #expect(submission.request == request)
            #expect(submission.sourceQuery == query)
        }
    }

    @Test("A request survives being stored by a catalog, cleared members included", .timeLimit(.minutes(10)))
    func codable() throws {
        let samples = RequestSamples(seed: 5)
        for _ in 0..<1_000 {
            let request = try samples.request()
            let stored = try JSONEncoder().encode(request)
            #expect(try JSONDecoder().decode(JobRequest.self, from: stored) == request)
        }
    }

    @Test("The canonical form ignores order, space, x- members, the user and the query, and nothing else")
    func canonicalForm() throws {
        func form(_ text: String) throws -> String {
            try JobDecoder.decode(ContractMessage.message(text)).canonicalForm
        }
        let full = ContractMessage.full
        let base = try form(full)
        #expect(try form(full.replacing("kim@example.com", with: "lee@example.com")) == base)
        #expect(try form(full.replacing("ubuntu.qcow2", with: "ubuntu.qcow2?sig=1")) == base)
        #expect(try form(full.replacing(#""stores""#, with: #""x-a": {"b": 1}, "stores""#)) == base)
        #expect(try form(full.replacing(#""size": 627048448"#, with: #""x-y": [], "size": 6.27048448e8"#)) == base)
        #expect(
            try form(full.replacing(#""version": 1, "id": "job-7f3c""#, with: #""id":"job-7f3c","version":1"#)) == base)
        #expect(try form(full.replacing("4, \"x", with: "5, \"x")) == base)
        #expect(try form(full.replacing(#""priority": 4"#, with: #""priority": 5"#)) != base)
        #expect(
            try form(full.replacing(#""ims.hw_firmware_type""#, with: #""x-a": 1, "ims.hw_firmware_type""#)) != base)
        #expect(try form(full.replacing(#""acct-1", "user""#, with: #""acct-2", "user""#)) != base)
        #expect(try form(full.replacing("ubuntu.qcow2", with: "other.qcow2")) != base)
        let bare = #"{"version":1,"id":"a","kind":"cancel","job":{"id":"b"}"#
        #expect(try form(bare + #","actor":{"user":"kim"}}"#) == form(bare + "}"))
        #expect(base.hasPrefix(#"{"actor":{"account":"acct-1"},"after":["job-7f3b"],"deadline":"#))
    }
}

import ImageModel

@testable import JobMessages

/// Shows the job decoder one message: it must not trap, and what it takes for a job must be one to it again.
///
/// The first byte chooses the kind that the message was published as and which properties it has; the rest is the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJobs(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    let body = Array(input.dropFirst())
    let kinds = JobKind.allCases
    var message = IncomingMessage(body: body, routingKey: kinds[Int(input[0] & 7) % kinds.count].rawValue)
    let text = String(decoding: body.suffix(40), as: UTF8.self)
    if input[0] & 0x08 != 0 { message.messageID = text }
    if input[0] & 0x10 != 0 { message.contentType = text }
    if input[0] & 0x20 != 0 { message.replyTo = text }
    if input[0] & 0x40 != 0 { (message.traceparent, message.tracestate) = (text, text) }
    if input[0] & 0x80 != 0 { message.priority = Int(input[count - 1]) }
    do throws(RejectedMessage) {
        judge(try JobDecoder.decode(message))
    } catch {
        precondition(error.code.entry.isDeadLetter, "\(error.code) is no reason for a dead letter")
        precondition(error.failure.violations.count <= RejectedMessage.violationLimit, "too many violations")
        precondition(error.message.utf8.count <= 4_096, "a sentence of \(error.message.utf8.count) bytes")
        precondition(error.jobID?.utf8.count ?? 0 <= 1_024, "an id is not shortened")
    }
    return 0
}

/// A job that is written and read again is the same job, under the same canonical form.
private func judge(_ submission: JobSubmission) {
    let written = JobMessage(submission.request, sourceQuery: submission.sourceQuery)
    var again = IncomingMessage(body: written.body, routingKey: written.routingKey)
    again.messageID = written.messageID
    again.priority = written.priority
    do throws(RejectedMessage) {
        let read = try JobDecoder.decode(again)
        precondition(read.request == submission.request, "a job changed on its way")
        precondition(read.sourceQuery == submission.sourceQuery, "a query changed on its way")
    } catch {
        preconditionFailure("what was accepted is refused: \(error.message)")
    }
    if let query = submission.sourceQuery, query.utf8.count > 20 {
        precondition(!submission.canonicalForm.contains(query), "the canonical form holds a secret")
    }
}

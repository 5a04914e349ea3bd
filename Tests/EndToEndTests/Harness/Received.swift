import RabbitMQ

/// A message that a test took from a queue.
struct Received: Sendable, CustomStringConvertible {
    let routingKey: String
    let properties: MessageProperties
    let body: [UInt8]
    /// The body as JSON; null when it is none. Parsed once: tests look through all they have again with each new one.
    let json: JSON

    init(_ delivery: Delivery) {
        routingKey = delivery.routingKey
        properties = delivery.properties
        body = if case .body(let bytes) = delivery.content { bytes } else { [] }
        json = (try? JSON(parsing: body)) ?? .null
    }

    /// `data` of the CloudEvent.
    var data: JSON { json["data"] }
    /// The CloudEvents id.
    var id: String { json["id"].text ?? "" }
    /// `import.completed` of `dev.longshore.image.import.completed.v1`; `rejected` of a rejected message.
    var step: String {
        (json["type"].text ?? "").split(separator: ".").dropFirst(3).dropLast().joined(separator: ".")
    }
    /// `completed`
    var phase: String { step.split(separator: ".").last.map(String.init) ?? "" }
    var jobID: String? { data["job", "id"].text }
    var sequence: Int? { json["sequence"].text.flatMap { Int($0) } }
    var errorCode: String? { data["error", "code"].text }
    var isTerminal: Bool { ["completed", "failed", "cancelled"].contains(phase) }

    /// A header with text.
    func header(_ name: String) -> String? { properties.headers?[name]?.stringValue }

    var description: String {
        "\(routingKey) \(jobID ?? "-") \(sequence.map(String.init) ?? "-") \(errorCode ?? "") "
            + (data["error", "message"].text ?? "")
    }
}

extension [Received] {
    /// What happened to one job, in the order of its coming.
    func of(_ job: String) -> [Received] { filter { $0.jobID == job } }

    /// The steps without progress, which may be lost.
    var phases: [String] { map(\.phase).filter { $0 != "progress" } }
}

import ImageModel
import JobMessages

/// The intake queues of a broker: they keep every message until it is acknowledged or rejected.
// Unchecked: touched only by the one thread that runs its history.
final class SimulatedBroker: @unchecked Sendable {
    struct Message {
        let number: Int
        let kind: JobKind
        let content: Content
    }

    enum Content {
        case message(IncomingMessage)
        case oversized(UInt64)
    }

    private var queues: [JobKind: [Message]] = [:]
    private var lastNumber = 0
    private var connections: [BrokerConnection] = []
    /// How many messages of each number were rejected.
    private(set) var rejected = 0

    func publish(_ content: Content, to kind: JobKind) {
        lastNumber += 1
        queues[kind, default: []].append(Message(number: lastNumber, kind: kind, content: content))
        wakeConsumers()
    }

    func open(_ connection: BrokerConnection) {
        connections.append(connection)
    }

    func close(_ connection: BrokerConnection) {
        connections.removeAll { $0 === connection }
    }

    func take(_ kind: JobKind, limit: Int) -> [Message] {
        let taken = Array(queues[kind, default: []].prefix(limit))
        queues[kind, default: []].removeFirst(taken.count)
        return taken
    }

    func hasMessages(_ kind: JobKind) -> Bool { queues[kind]?.isEmpty == false }

    /// Puts messages back to the places they had.
    func requeue(_ messages: [Message]) {
        for message in messages {
            queues[message.kind, default: []].append(message)
            queues[message.kind]?.sort { $0.number < $1.number }
        }
        if !messages.isEmpty { wakeConsumers() }
    }

    func countRejected() { rejected += 1 }

    /// Messages that are neither acknowledged nor rejected.
    var unsettled: Int {
        JobKind.allCases.reduce(0) { $0 + (queues[$1]?.count ?? 0) }
            + connections.reduce(0) { $0 + $1.unsettledCount }
    }

    func wakeConsumers() {
        for connection in connections { connection.wake() }
    }
}

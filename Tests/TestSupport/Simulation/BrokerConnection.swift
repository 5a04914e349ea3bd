import ImageModel
import Worker

/// One worker's consuming connection.
// Unchecked: touched only by the one thread that runs its history.
final class BrokerConnection: JobQueues, @unchecked Sendable {
    private let broker: SimulatedBroker
    private let process: SimulatedProcess
    private var weather: Weather { process.weather }
    private var consumed: Set<JobKind> = []
    private var unsettled: [(id: Int, message: SimulatedBroker.Message)] = []
    private var lastID = 0
    private var waiter: UnsafeContinuation<Void, Never>?
    private static let prefetch = 50

    init(broker: SimulatedBroker, process: SimulatedProcess) {
        self.broker = broker
        self.process = process
        broker.open(self)
        process.onDeath { [self] in
            drop()
            broker.close(self)
            wake()
        }
    }

    var unsettledCount: Int { unsettled.count }

    func nextDeliveries(upTo limit: Int) async -> [JobDelivery<Int>] {
        do {
            try await process.depart()
            while true {
                if Task.isCancelled { return [] }
                if weather.strikes(.connectionLost) { drop() }
                let taken = deliver(upTo: limit)
                guard taken.isEmpty else {
                    try await process.arrive()
                    return taken
                }
                await somethingToDo()
                try await process.depart()
            }
        } catch {
            return []
        }
    }

    func startConsuming(_ kind: JobKind) async {
        guard !consumed.contains(kind), (try? await process.depart()) != nil else { return }
        consumed.insert(kind)
        wake()
    }

    func stopConsuming(_ kind: JobKind) async {
        guard consumed.contains(kind), (try? await process.depart()) != nil else { return }
        consumed.remove(kind)
    }

    func acknowledge(_ deliveries: [Int]) async {
        guard (try? await process.depart()) != nil else { return }
        if weather.strikes(.acknowledgementLost, weight: 2) {
            drop()
        } else {
            unsettled.removeAll { deliveries.contains($0.id) }
        }
        _ = try? await process.arrive()
    }

    func reject(_ delivery: Int) async {
        guard (try? await process.depart()) != nil else { return }
        guard let index = unsettled.firstIndex(where: { $0.id == delivery }) else { return }
        unsettled.remove(at: index)
        broker.countRejected()
    }

    func giveBackUnsettled() async {
        guard (try? await process.depart()) != nil else { return }
        drop()
    }

    func wake() {
        waiter?.resume()
        waiter = nil
    }

    /// The connection is gone: the broker has everything again that was not settled. The client connects again by itself.
    private func drop() {
        let lost = unsettled.map(\.message)
        unsettled = []
        broker.requeue(lost)
    }

    private func deliver(upTo limit: Int) -> [JobDelivery<Int>] {
        var taken: [JobDelivery<Int>] = []
        for kind in JobKind.allCases where consumed.contains(kind) {
            let room = min(limit - taken.count, Self.prefetch - unsettled.count, weather.dice.int(1...20))
            guard room > 0 else { continue }
            for message in broker.take(kind, limit: room) {
                lastID += 1
                unsettled.append((lastID, message))
                switch message.content {
                case .message(let content): taken.append(JobDelivery(id: lastID, content: .message(content)))
                case .oversized(let bytes): taken.append(JobDelivery(id: lastID, content: .oversized(bytes: bytes)))
                }
            }
        }
        return taken
    }

    private func somethingToDo() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isIdle =
                    !Task.isCancelled && !process.isDead
                    && !JobKind.allCases.contains { consumed.contains($0) && broker.hasMessages($0) }
                if isIdle { waiter = continuation } else { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
    }
}

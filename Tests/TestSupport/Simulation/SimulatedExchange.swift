import JobMessages
import Worker

/// What the broker's exchanges have seen, in their order.
// Unchecked: touched only by the one thread that runs its history.
final class Wire: @unchecked Sendable {
    private(set) var events: [OutgoingEvent] = []
    private(set) var replies: [(queue: String, event: OutgoingEvent)] = []
    private(set) var buried: [BuriedMessage] = []
    /// Copies of events that still travel on a connection which was given up.
    private var stragglers: [OutgoingEvent] = []

    func carry(_ parcel: Parcel) {
        switch parcel {
        case .event(let event): events.append(event)
        case .reply(let event, let queue): replies.append((queue, event))
        case .letter(let letter): buried.append(letter)
        }
    }

    func delay(_ parcel: Parcel) {
        if case .event(let event) = parcel { stragglers.append(event) }
    }

    func deliverStragglers() {
        events += stragglers
        stragglers = []
    }

    enum Parcel {
        case event(OutgoingEvent)
        case reply(OutgoingEvent, String)
        case letter(BuriedMessage)
    }
}

/// One worker's publishing connection.
struct SimulatedExchange: EventExchange {
    let wire: Wire
    let process: SimulatedProcess

    func publish(_ event: OutgoingEvent) async throws(EventExchangeError) -> Routing {
        try await carry(.event(event))
    }

    func reply(_ event: OutgoingEvent, to queue: String) async throws(EventExchangeError) -> Routing {
        try await carry(.reply(event, queue))
    }

    func bury(_ letter: BuriedMessage) async throws(EventExchangeError) -> Routing {
        try await carry(.letter(letter))
    }

    private func carry(_ parcel: Wire.Parcel) async throws(EventExchangeError) -> Routing {
        do {
            try await process.depart()
            if process.weather.dice.chance(0.2) { wire.deliverStragglers() }
            let routing = try await transmit(parcel)
            try await process.arrive()
            return routing
        } catch let error as EventExchangeError {
            throw error
        } catch {
            throw EventExchangeError("\(error)")
        }
    }

    private func transmit(_ parcel: Wire.Parcel) async throws -> Routing {
        let weather = process.weather
        if weather.strikes(.publishRefused) { throw EventExchangeError("refused") }
        if weather.strikes(.confirmLost) {
            wire.carry(parcel)
            throw EventExchangeError("connection lost before the confirm")
        }
        if weather.strikes(.confirmWithheld, weight: 0.3) {
            let isCarried = weather.dice.chance(0.5)
            if isCarried { wire.carry(parcel) }
            try await process.clock.sleep(for: .seconds(10))
            throw EventExchangeError("no confirm in time")
        }
        wire.carry(parcel)
        if weather.strikes(.lateCopy) { wire.delay(parcel) }
        return weather.strikes(.unroutable) ? .unrouted : .routed
    }
}

/// A state that changes by events alone: a state machine as a value.
///
/// What follows what stands in one table for each machine, ``state(after:in:)``; <doc:LifeCycles> draws them. Rules decide
/// whether an event happens, a machine only whether it can.
public protocol LifecycleState: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// What can happen.
    associatedtype Event: RawRepresentable<String>, CaseIterable, Hashable, Sendable

    /// The state in which a life begins.
    static var initial: Self { get }

    /// The state after `event` happened in `state`, or nil when that pair is forbidden.
    static func state(after event: Event, in state: Self) -> Self?
}

extension LifecycleState {
    /// Goes on to the state that follows from `event`.
    ///
    /// - Throws: ``ForbiddenEvent`` when the pair is forbidden; the state stays.
    public mutating func apply(_ event: Event) throws(ForbiddenEvent) {
        guard let next = Self.state(after: event, in: self) else {
            throw ForbiddenEvent(state: rawValue, event: event.rawValue)
        }
        self = next
    }
}

/// An event that cannot happen in a state: a defect of whoever applied it.
public struct ForbiddenEvent: Error, Hashable, Sendable, CustomStringConvertible {
    /// The state that stays.
    public let state: String
    /// What cannot happen in it.
    public let event: String

    /// The pair in words.
    public var description: String { "\"\(event)\" cannot happen in state \"\(state)\"" }
}

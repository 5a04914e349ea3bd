import Catalog
import Foundation
import ImageModel
import JobMessages
import Worker

/// What must be true after every history, whatever went wrong in it.
struct Oracle {
    let world: World
    let state: World.State

    func judge(_ report: inout HistoryReport) {
        for job in state.jobs { report.ends[job.state, default: 0] += 1 }
        var findings = world.rows.audit.violations
        findings += rest() + messages() + outcomes()
        guard findings.isEmpty else {
            report.violations += findings
            return
        }
        report.violations += events() + order() + statuses() + bytes() + members()
    }

    /// Everything has come to an end: no waiting job, no unsent event, no unacknowledged message.
    private func rest() -> [String] {
        guard !state.isAtRest else { return [] }
        let open = state.jobs.filter { !$0.state.isTerminal }
            .map { "\($0.id) \($0.kind.rawValue) \($0.state.rawValue) \($0.reason ?? "")" }
        return [
            "not at rest: \(world.broker.unsettled) messages unsettled, \(state.unpublished) events unsent, \(state.abandoned) transfers not cleared, "
                + "unfinished jobs: \(open.joined(separator: "; "))"
        ]
    }

    /// No message was lost: each is a job, or a dead letter with its own bytes.
    private func messages() -> [String] {
        let known = Set(state.jobs.map(\.id))
        let buried = Set(world.wire.buried.map(\.body))
        var oversized = 0
        var findings: [String] = []
        var bodies: [JobID: [UInt8]] = [:]
        for parcel in world.workload.parcels {
            switch parcel.content {
            case .job(let message, let request):
                if !known.contains(request.id) { findings.append("the message of job \(request.id) was lost") }
                // Of two bodies with one id, one is the job and the other a dead letter.
                if let other = bodies[request.id], other != message.body, !buried.contains(message.body),
                    !buried.contains(other)
                {
                    findings.append("two bodies of job \(request.id), and neither is a dead letter")
                }
                bodies[request.id] = message.body
            case .garbage(let message):
                if !buried.contains(message.body) {
                    findings.append("a bad message was lost: \(String(decoding: message.body, as: UTF8.self))")
                }
            case .oversized: oversized += 1
            }
        }
        if world.broker.rejected != oversized {
            findings.append("\(oversized) messages were too large, \(world.broker.rejected) were rejected")
        }
        return findings
    }

    /// Each job has exactly one end, and its event says the same.
    private func outcomes() -> [String] {
        var ends: [String: [(id: EventID, phase: EventPhase)]] = [:]
        for entry in world.rows.audit.outbox where entry.destination == .events {
            guard case .image(_, let phase) = entry.event.topic, phase.isTerminal, let job = entry.event.jobID else {
                continue
            }
            ends[job, default: []].append((entry.event.id, phase))
        }
        let states = Dictionary(state.jobs.map { ($0.id, $0.state) }, uniquingKeysWith: { first, _ in first })
        return state.jobs.compactMap { job in
            // One that knew its job; what becomes of the others depends on who sends the job.
            if case .cancel(let request) = job.request.work, job.state == .succeeded, job.imageID != nil,
                let end = states[request.jobID], end != .cancelled
            {
                return "cancel \(job.id) was accepted, and job \(request.jobID) is \(end.rawValue)"
            }
            let events = ends[job.id.rawValue] ?? []
            guard events.count == 1, let end = events.first else {
                return "job \(job.id) is \(job.state.rawValue) and has \(events.count) ends"
            }
            guard job.state.phase == end.phase else {
                return "job \(job.id) is \(job.state.rawValue), its event says \(end.phase.rawValue)"
            }
            if job.state == .succeeded, world.workload.doomed.contains(job.id) {
                return "job \(job.id) succeeded with bytes that are not what it expects"
            }
            return nil
        }
    }

    /// Exactly the committed events are on the wire, each under one id with one body.
    private func events() -> [String] {
        var findings: [String] = []
        var carried: [String: [UInt8]] = [:]
        for event in world.wire.events where event.isPersistent {
            if let body = carried[event.messageID], body != event.body {
                findings.append("event \(event.messageID) was published with two bodies")
            }
            carried[event.messageID] = event.body
        }
        let replied = Set(world.wire.replies.map { $0.queue + " " + $0.event.messageID })
        var committed: Set<String> = []
        for entry in world.rows.audit.outbox {
            let id = entry.event.id.rawValue
            switch entry.destination {
            case .events:
                committed.insert(id)
                if carried[id] == nil {
                    findings.append("event \(id) of \(entry.event.jobID ?? "-") was never published")
                }
            case .reply(let queue, _):
                if !replied.contains(queue + " " + id) { findings.append("reply \(id) was never sent") }
            case .deadLetter: break
            }
        }
        for id in carried.keys.sorted() where !committed.contains(id) {
            findings.append("event \(id) was published and never committed")
        }
        return findings
    }

    /// One image's events appear in their order, without a gap; repeats are allowed.
    private func order() -> [String] {
        let sequences = Dictionary(
            world.rows.audit.outbox.map { ($0.event.id.rawValue, $0.event) }, uniquingKeysWith: { first, _ in first })
        var last: [ImageID: Int64] = [:]
        var findings: [String] = []
        for event in world.wire.events {
            guard let committed = sequences[event.messageID], let sequence = committed.sequence,
                let image = committed.imageID
            else { continue }
            let expected = last[image, default: 0] + 1
            if sequence > expected {
                findings.append("image \(image): event \(sequence) was published before event \(expected)")
            }
            last[image] = max(sequence, last[image, default: 0])
        }
        return findings
    }
}

extension JobState {
    /// The step that announces this end.
    fileprivate var phase: EventPhase? {
        switch self {
        case .succeeded: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        case .queued, .deferred, .running, .retrying: nil
        }
    }
}

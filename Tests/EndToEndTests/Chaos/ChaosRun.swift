import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing
import Worker

/// Workers that are killed every second while mixed jobs come in, and what the oracle says afterwards.
struct ChaosRun {
    let site: Site
    let plan: ChaosPlan
    let virtualHost: String
    let storeLink: Proxy?

    /// Runs and judges.
    func run() async throws -> (findings: Findings, report: String) {
        let begin = ContinuousClock.now
        let workload = ChaosWorkload(site, seed: plan.seed)
        let crew = ChaosCrew(site, plan, virtualHost: virtualHost, storeLink: storeLink)
        let end = begin + plan.duration
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await workload.run(until: end, rate: plan.rate) }
            group.addTask { try await crew.run(until: end) }
            try await group.waitForAll()
        }
        let jobs = await workload.jobs
        try await site.settle(jobs, limit: .seconds(180) + plan.duration / 10)
        try await settleQueues()
        try await crew.dismiss()
        let settled = ContinuousClock.now
        var findings = try await Oracle(site, jobs: jobs).findings()
        try await compareFates(workload, &findings)
        let deeds = await crew.deeds
        findings.wrong += deeds.deserters
        let swept = try await sweep(&findings)
        let report = try await report(
            findings, workload, deeds, swept, took: begin.duration(to: settled))
        try await leave(report, findings, crew)
        return (findings, report)
    }

    /// Waits until the last repeated message is acknowledged, too.
    private func settleQueues() async throws {
        let intake = Set(JobKind.allCases.map(site.names.intake))
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let listed = try await RealBroker.control("-q", "list_queues", "-p", virtualHost, "name", "messages")
            let isEmpty = listed.split(separator: "\n").allSatisfy { line in
                let words = line.split(separator: "\t")
                return words.count != 2 || words[1] == "0" || !intake.contains(String(words[0]))
            }
            if isEmpty { return }
        }
    }

    /// Bad messages are dead letters, and what could succeed did.
    private func compareFates(_ workload: ChaosWorkload, _ findings: inout Findings) async throws {
        let buried = Set(site.deadLetters.entries.map(\.body))
        for body in await workload.garbage where !buried.contains(body) {
            findings.lost.append("a bad message is no dead letter: \(String(decoding: body, as: UTF8.self))")
        }
        let fates = await workload.fates
        let catalog = try site.catalog()
        for (id, fate) in fates.sorted(by: { $0.key < $1.key }) {
            guard let key = JobID(id), let job = try await catalog.read({ try $0.job(key) }) else { continue }
            let reason = "\(job.failure?.code.rawValue ?? "-"): \(job.failure?.message ?? "-")"
            switch (fate, job.state) {
            case (.succeeds, .failed), (.succeeds, .cancelled):
                findings.wrong.append("job \(id) should have succeeded and is \(job.state.rawValue), \(reason)")
            case (.fails, .succeeded): findings.wrong.append("job \(id) should have failed and succeeded")
            default: break
            }
        }
    }

    /// What the sweeper would have to remove: a worker that was frozen between recording a transfer and opening its
    /// file makes that file when it goes on, though its successor has done away with the transfer meanwhile.
    private func sweep(_ findings: inout Findings) async throws -> Int {
        let swept = try await site.run("sweep", "--json", overrides: ["retention.staging": "1s"])
        guard swept.end == .exited(0) else {
            findings.wrong.append("the sweep failed: \(swept.errors.suffix(3))")
            return 0
        }
        for path in try await site.inventory().staged { findings.orphaned.append("not even a sweep removes \(path)") }
        return ["transfers", "staged", "objects"].compactMap { swept.json[$0].number }.reduce(0, +)
    }

    /// Keeps everything that may tell more.
    private func leave(_ report: String, _ findings: Findings, _ crew: ChaosCrew) async throws {
        if let path = plan.report { try report.write(toFile: path, atomically: true, encoding: .utf8) }
        guard let remains = plan.remains, !findings.isEmpty else { return }
        try FileManager.default.createDirectory(atPath: remains, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: site.directory, toPath: "\(remains)/site")
        for (number, worker) in await crew.all.enumerated() {
            try worker.errors.entries.joined(separator: "\n")
                .write(toFile: "\(remains)/worker-\(number).log", atomically: true, encoding: .utf8)
        }
        let events = site.events.entries.map { "\($0.id) \($0)" }.joined(separator: "\n")
        try events.write(toFile: "\(remains)/events.log", atomically: true, encoding: .utf8)
    }
}

// MARK: - Report

extension ChaosRun {
    private func report(
        _ findings: Findings, _ workload: ChaosWorkload, _ deeds: ChaosCrew.Deeds, _ swept: Int, took: Duration
    ) async throws -> String {
        let jobs = try await site.catalog().read { try $0.jobs(JobFilter(limit: 1_000_000)) }
        let ends = Dictionary(grouping: jobs) { $0.state.rawValue }.mapValues(\.count)
        let events = site.events.entries.filter { $0.phase != "progress" && $0.sequence != nil }
        let sources = await workload.sources.sorted { $0.key.rawValue < $1.key.rawValue }
        let repeats = events.count - Set(events.map(\.id)).count
        let states = ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let scenarios = sources.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
        let attempts = jobs.map(\.attempt).reduce(0, +)
        var lines: [String] = []
        lines.append("seed \(plan.seed), \(plan.workers) workers, \(plan.duration), settled after \(took)")
        lines.append("messages    \(await workload.messages), \(await workload.garbage.count) of them no jobs")
        lines.append("jobs        \(jobs.count): \(states); \(attempts) attempts")
        lines.append("sources     \(scenarios)")
        lines.append("events      \(events.count), \(repeats) of them came again")
        lines.append("workers     \(deeds.starts) started, \(deeds.kills) killed, \(deeds.freezes) frozen, ")
        lines[lines.count - 1] += "\(deeds.drains) asked to stop"
        if plan.otherVersion != nil { lines.append("versions    \(deeds.otherStarts) workers of the other one") }
        lines.append("broker      all connections closed \(deeds.closures) times")
        if plan.database != nil { lines.append("database    cut off, halted or killed \(deeds.outages) times") }
        if plan.isInS3 { lines.append("store       its network disturbed \(deeds.storeFaults) times") }
        lines.append("sweeper     \(swept) things left to it")
        lines.append(findings.description)
        if !findings.isEmpty, let remains = plan.remains {
            lines += [
                "look further in \(remains): worker-N.log, events.log, site/images, and with",
                "  LONGSHORE_CATALOG_URL=sqlite://\(remains)/site/catalog.db longshore jobs show JOB",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

import Foundation
import ImageModel
import RabbitMQ
import TestSupport
import Worker

/// Publishes mixed jobs steadily, and remembers what must become of them.
actor ChaosWorkload {
    /// What must become of a job.
    enum Fate: Sendable {
        case succeeds
        case fails
        /// Any end will do: it races with another job on the same image.
        case ends
    }

    private let site: Site
    private var dice: SplitMix
    private(set) var fates: [String: Fate] = [:]
    /// The jobs in the order of their publication.
    private(set) var jobs: [String] = []
    /// Bodies that can never become a job.
    private(set) var garbage: [[UInt8]] = []
    private(set) var messages = 0
    private(set) var sources: [ChaosScenario: Int] = [:]
    private var sent: [(body: [UInt8], kind: String)] = []
    /// Images with the imports that make them.
    private var images: [(image: String, maker: String)] = []

    init(_ site: Site, seed: UInt64) {
        self.site = site
        dice = SplitMix(state: seed)
    }

    /// Publishes so many messages a second until the moment has come.
    func run(until end: ContinuousClock.Instant, rate: Int) async throws {
        while ContinuousClock.now < end {
            try await publishOne()
            try await Task.sleep(for: .milliseconds(dice.number(200...1_800)) / rate)
        }
    }

    private func publishOne() async throws {
        switch dice.number(1...100) {
        case 1...48: try await publishImport(dice.happens(15) ? ChaosScenario.hopeless : ChaosScenario.curable)
        case 49...58: try await publishChain()
        case 59...68: try await publishOnImage("share", member: ["action": "offer", "member": "acct-2"])
        case 69...76: try await publishOnImage("update", member: ["name": .string("renamed \(jobs.count)")])
        case 77...83: try await publishOnImage("delete", member: nil)
        case 84...90: try await publishCancel()
        case 91...98: try await repeatOne()
        default: try await publishGarbage()
        }
    }

    private func publishImport(_ scenarios: [ChaosScenario], id: String? = nil) async throws {
        let scenario = dice.one(of: scenarios) ?? .plain
        let number = jobs.count
        let id = id ?? "job-\(number)"
        let (size, seed) = (size(), dice.next() >> 1)
        scenario.serve("/\(id)", size: size, seed: seed, on: site.origin, &dice)
        sources[scenario, default: 0] += 1
        var job = site.importJob(id, image: "of-\(id)", path: "/\(id)").setting("max_attempts", to: 100)
        // What a checkpoint keeps of one digest may be wrong while the others are right.
        if dice.happens(50) || size > 32 << 20 { job = job.setting("digests", to: ["md5", "sha256", "sha512"]) }
        switch scenario {
        case .liar: job = job.setting("expect", "digests", "sha256", to: .string(sha256([1])))
        case .alwaysTruncated: job = job.setting("max_attempts", to: 2)
        case .privateAddress: job = job.setting("source", "url", to: .string("http://10.255.255.1/\(id)"))
        default:
            let bytes = PatternBytes(size: size, seed: seed)
            job = job.setting("expect", "digests", "sha256", to: .string(sha256(bytes.all)))
        }
        images.append(("of-\(id)", id))
        try await publish(job, id, ChaosScenario.hopeless.contains(scenario) ? .fails : .succeeds)
    }

    /// Mostly small; now and then one with checkpoints.
    private func size() -> Int64 {
        switch dice.number(1...100) {
        case 1...70: Int64(dice.number(100...300_000))
        case 71...97: Int64(dice.number(100...4 << 20))
        default: Int64(dice.number(34 << 20...70 << 20))
        }
    }

    /// An import and what follows it, in any order.
    private func publishChain() async throws {
        let number = jobs.count
        let ids = ["import", "share", "delete"].map { "chain-\(number)-\($0)" }
        let image = "of-\(ids[0])"
        let share = site.job("share", ids[1], image: image).setting("after", to: [.string(ids[0])])
            .setting("share", to: ["action": "offer", "member": "acct-3"]).setting("max_attempts", to: 100)
        let delete = site.job("delete", ids[2], image: image).setting("after", to: [.string(ids[1])])
            .setting("max_attempts", to: 100)
        let importsFirst = dice.happens(50)
        if importsFirst { try await publishImport(ChaosScenario.curable, id: ids[0]) }
        try await publish(delete, ids[2], .ends)
        try await publish(share, ids[1], .ends)
        if !importsFirst { try await publishImport(ChaosScenario.curable, id: ids[0]) }
    }

    private func publishOnImage(_ kind: String, member: JSON?) async throws {
        guard let target = dice.one(of: Array(images.suffix(60))) else { return }
        let id = "job-\(jobs.count)"
        var job = site.job(kind, id, image: target.image).setting("max_attempts", to: 100)
        if let member { job = job.setting(kind == "update" ? "set" : kind, to: member) }
        // A delete of an image that is still being made ends its import.
        if kind == "delete", fates[target.maker] == .succeeds { fates[target.maker] = .ends }
        try await publish(job, id, .ends)
    }

    private func publishCancel() async throws {
        guard let target = dice.one(of: Array(jobs.suffix(12))) else { return }
        let id = "job-\(jobs.count)"
        fates[target] = .ends
        try await publish(site.cancel(id, of: target), id, .ends)
    }

    private func repeatOne() async throws {
        guard let again = dice.one(of: Array(sent.suffix(100))) else { return }
        try await send(again.body, key: again.kind)
    }

    private func publishGarbage() async throws {
        let body = Array("{ \"version\": 1, \"id\": \"garbage-\(garbage.count)\", \"kind\": \"import\" }".utf8)
        garbage.append(body)
        try await send(body, key: "import")
    }

    private func publish(_ job: JSON, _ id: String, _ fate: Fate) async throws {
        let body = try job.bytes
        jobs.append(id)
        fates[id] = fate
        sent.append((body, job["kind"].text ?? ""))
        try await send(body, key: job["kind"].text ?? "")
    }

    /// As a producer does that wants to be sure: again and again, until the broker has confirmed it.
    private func send(_ body: [UInt8], key: String) async throws {
        messages += 1
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.deliveryMode = .persistent
        let message = OutgoingMessage(
            exchange: site.names.jobs, routingKey: key, properties: properties, body: body)
        while true {
            if (try? await site.publisher.publish(message)) == .routed { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

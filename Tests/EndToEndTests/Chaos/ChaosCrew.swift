import Foundation
import TestSupport

/// The workers, and what is done to them.
actor ChaosCrew {
    /// What was done to workers and connections.
    struct Deeds: Sendable {
        var kills = 0
        var freezes = 0
        var drains = 0
        var closures = 0
        var outages = 0
        var storeFaults = 0
        var starts = 0
        /// Those of the other version among them.
        var otherStarts = 0
        /// Ends that nobody asked for.
        var deserters: [String] = []
    }

    private let site: Site
    private let size: Int
    private let virtualHost: String
    private let database: String?
    private let storeLink: Proxy?
    private let otherVersion: String?
    private var dice: SplitMix
    private var crew: [Program] = []
    private var frozen: [(worker: Program, until: ContinuousClock.Instant)] = []
    /// Workers that were asked to end, or were killed.
    private var leaving: [Program] = []
    private(set) var deeds = Deeds()
    private(set) var all: [Program] = []

    /// - Parameters:
    ///   - virtualHost: Where connections may be closed.
    ///   - storeLink: The way to the store, if it leads over a network.
    init(_ site: Site, _ plan: ChaosPlan, virtualHost: String, storeLink: Proxy?) {
        database = plan.database
        otherVersion = plan.otherVersion
        self.storeLink = storeLink
        self.site = site
        size = plan.workers
        self.virtualHost = virtualHost
        dice = SplitMix(state: plan.seed ^ 0x5DEE_CE66)
    }

    /// Does something to somebody every second, until the moment has come; then thaws everybody.
    func run(until end: ContinuousClock.Instant) async throws {
        try fill()
        var nextClosure = ContinuousClock.now + .seconds(dice.number(3...6))
        var nextOutage = ContinuousClock.now + .seconds(dice.number(3...6))
        var nextStoreFault = ContinuousClock.now + .seconds(dice.number(2...4))
        while ContinuousClock.now < end {
            try await Task.sleep(for: .seconds(1))
            thaw()
            kill()
            if dice.happens(35) { freeze() }
            if dice.happens(20) { drain() }
            try fill()
            if ContinuousClock.now > nextClosure {
                nextClosure = .now + .seconds(dice.number(5...10))
                deeds.closures += 1
                _ = try? await RealBroker.control("close_all_connections", "-p", virtualHost, "chaos")
            }
            if let database, ContinuousClock.now > nextOutage {
                try await disturb(database)
                nextOutage = .now + .seconds(dice.number(4...9))
            }
            if let storeLink, ContinuousClock.now > nextStoreFault {
                await disturb(storeLink)
                nextStoreFault = .now + .seconds(dice.number(1...4))
            }
        }
        await storeLink?.set(.clear)
        thaw(everybody: true)
        try fill()
    }

    /// Every other time the network is mended instead.
    private func disturb(_ link: Proxy) async {
        guard dice.happens(50) else { return await link.set(.clear) }
        deeds.storeFaults += 1
        switch dice.number(1...5) {
        case 1: await link.set(.refusing)
        case 2: await link.set(.blackhole)
        case 3: await link.set(.silent(.toClient))
        case 4: await link.set(.slow(bytesPerSecond: 200_000))
        default: await link.set(.clear)
        }
        if dice.happens(60) { await link.reset() }
    }

    private func disturb(_ database: String) async throws {
        deeds.outages += 1
        switch dice.number(1...3) {
        case 1:
            try await RealPostgreSQL.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'longshore' AND pid <> pg_backend_pid()
                """, url: try RealPostgreSQL.requiredURL())
        case 2:
            try await Services.run("halt", database, "postgres")
            try await Services.run("resume", database, "postgres")
        default:
            try await Services.run("kill", database, "postgres")
            try await Services.run("resume", database, "postgres")
        }
    }

    private func fill() throws {
        while crew.count < size {
            // The other version first: this one joins it while it runs, and takes over from it, and the other way round.
            let other = deeds.starts.isMultiple(of: 2) ? otherVersion : nil
            let worker = try other.map { try site.start(["worker"], executable: $0) } ?? site.startWorker()
            deeds.starts += 1
            if other != nil { deeds.otherStarts += 1 }
            crew.append(worker)
            all.append(worker)
        }
    }

    private func pick() -> Program? {
        guard !crew.isEmpty else { return nil }
        return crew.remove(at: dice.number(0...crew.count - 1))
    }

    private func kill() {
        guard let worker = pick() else { return }
        worker.signal(SIGKILL)
        deeds.kills += 1
        leaving.append(worker)
    }

    private func freeze() {
        guard let worker = dice.one(of: crew) else { return }
        worker.signal(SIGSTOP)
        deeds.freezes += 1
        frozen.append((worker, .now + .milliseconds(dice.number(100...4_000))))
    }

    private func thaw(everybody: Bool = false) {
        for (worker, until) in frozen where everybody || until < .now { worker.signal(SIGCONT) }
        frozen.removeAll { everybody || $0.until < .now }
    }

    private func drain() {
        guard let worker = pick() else { return }
        worker.signal(SIGTERM)
        if dice.happens(30) { worker.signal(SIGTERM) }
        deeds.drains += 1
        leaving.append(worker)
    }

    /// Ends all workers in order, those that were killed included, and notes who had ended already.
    func dismiss() async throws {
        thaw(everybody: true)
        for worker in crew {
            if let end = worker.hasEnded {
                let last = worker.errors.entries.suffix(3).joined(separator: " | ")
                deeds.deserters.append("a worker ended by itself, \(end): \(last)")
            }
            worker.signal(SIGTERM)
        }
        for worker in crew + leaving {
            do {
                _ = try await worker.waitForEnd()
            } catch {
                deeds.deserters.append("a worker did not end: \(error)")
                await worker.destroy()
            }
        }
        crew = []
    }
}

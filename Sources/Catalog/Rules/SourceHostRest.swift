import ImageModel

/// When a source host is given rest, and for how long. The reasons for the numbers stand in <doc:SourceHostRests>.
enum SourceHostRest {
    /// Failures in a row at which a host is given rest.
    static let threshold = 5
    /// The first rest.
    static let first = Duration.seconds(10)
    /// The longest one.
    static let longest = Duration.seconds(600)
    /// A host that has not failed for so long begins anew.
    static let memory = Duration.seconds(3_600)

    /// How long the rest with this number lasts: each twice as long as the one before.
    static func duration(_ number: Int) -> Duration {
        min(first * (1 << min(max(number, 1) - 1, 16)), longest)
    }

    /// What a fetch that ended with this failure tells of the host: true that it works, false that it does not.
    static func verdict(of failure: Failure) -> Bool? {
        switch failure.code {
        case .sourceUnavailable: failure.isRetryable ? false : nil
        case .sourceTruncated: false
        case .sourceNotFound, .sourceUnauthorized, .sourceRedirect, .sourceChanged, .sizeMismatch, .sizeLimit,
            .digestMismatch, .verificationFailed, .formatMismatch, .formatUnknown, .imageUnsafe, .minDiskTooSmall,
            .decompressionFailed, .decompressionLimit, .conversionFailed, .quotaExceeded:
            true
        default: nil
        }
    }

    /// Why nothing may be fetched from a host now; nil when something may.
    static func hold(by health: HostHealth, _ rows: any CatalogReader) throws -> String? {
        guard let restUntil = health.restUntil else { return nil }
        if restUntil > rows.now {
            return "source host \(health.host) rests until \(restUntil) after \(health.failures) failures in a row"
        }
        // A probe that was cancelled, given back or lost with its worker holds nobody up.
        guard let probe = health.probe, let job = try rows.job(probe.job), job.state == .running,
            job.fence == probe.fence
        else { return nil }
        return reason(probe, of: health)
    }

    static func reason(_ probe: HostHealth.Probe, of health: HostHealth) -> String {
        "job \(probe.job) finds out whether source host \(health.host) has recovered"
    }
}

extension Ledger {
    /// Makes the first job that is claimed after a rest the probe of its host.
    func beginProbe(_ job: Job) throws -> (host: String, reason: String)? {
        guard let host = job.sourceHost, var health = try rows.health(ofHost: host), health.restUntil != nil else {
            return nil
        }
        let probe = HostHealth.Probe(job: job.id, fence: job.fence)
        health.probe = probe
        health.changedAt = rows.now
        try rows.put(health)
        return (host, SourceHostRest.reason(probe, of: health))
    }

    /// Learns from a failed fetch how its host is.
    func learn(from failure: Failure, of job: Job) throws {
        guard let host = job.sourceHost, let works = SourceHostRest.verdict(of: failure) else { return }
        guard !works else { return try rows.forgetHost(host) }
        let horizon = rows.now + (.zero - SourceHostRest.memory)
        var health = try rows.health(ofHost: host) ?? HostHealth(host: host, changedAt: rows.now)
        if health.changedAt < horizon { health = HostHealth(host: host, changedAt: rows.now) }
        if health.restUntil != nil {
            // What had begun before the rest says nothing new.
            guard health.probe == HostHealth.Probe(job: job.id, fence: job.fence) else { return }
        }
        health.failures += 1
        health.changedAt = rows.now
        health.probe = nil
        if health.restUntil != nil || health.failures >= SourceHostRest.threshold {
            health.rests += 1
            let asked = min(failure.retryAfter ?? .zero, SourceHostRest.longest)
            health.restUntil = rows.now + max(SourceHostRest.duration(health.rests), asked)
        }
        try rows.forgetHosts(unchangedSince: horizon)
        try rows.put(health)
    }

    /// A fetch came to its end: its host works.
    func noteFetched(_ job: Job) throws {
        guard let host = job.sourceHost, try rows.health(ofHost: host) != nil else { return }
        try rows.forgetHost(host)
    }

    /// The first bytes that a probe gets let the others in; only a whole fetch makes the host as good as new.
    func noteBytes(of job: Job) throws {
        guard let host = job.sourceHost, var health = try rows.health(ofHost: host),
            health.probe == HostHealth.Probe(job: job.id, fence: job.fence)
        else { return }
        health.failures = 0
        health.restUntil = nil
        health.probe = nil
        health.changedAt = rows.now
        try rows.put(health)
    }
}

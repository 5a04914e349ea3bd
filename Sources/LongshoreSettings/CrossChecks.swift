import ImageModel

extension Settings {
    /// Finds what no single value shows: settings that are right each, and wrong together.
    func checkTogether(_ reader: inout SettingsReader) {
        checkBroker(&reader)
        checkStores(&reader)
        checkTimes(&reader)
        checkListeners(&reader)
        if worker.roles.isEmpty {
            reader.add("worker.roles", "is empty; allowed is any of \(WorkerKeys.roles.allowed)")
        }
        if worker.roles.contains(.run), worker.slots.values.allSatisfy({ $0 == 0 }) {
            reader.warn("worker.roles holds 'run', but every worker.slots.* is 0: this worker runs nothing")
        }
        if fetch.schemes.isEmpty { reader.add("fetch.schemes", "is empty; allowed is \(FetchKeys.schemes.allowed)") }
    }

    private func checkBroker(_ reader: inout SettingsReader) {
        if broker.urls.isEmpty { reader.add("broker.url", "is empty; allowed is \(BrokerKeys.url.allowed)") }
        if broker.prefix.hasPrefix("amq.") {
            reader.add("broker.prefix", "'\(broker.prefix)' begins with 'amq.', which RabbitMQ keeps for itself")
        }
        if (broker.tls.certificate == nil) != (broker.tls.key == nil) {
            reader.add("broker.tls", "certificate and key need each other; one of them is missing")
        }
        let hasTLS = broker.tls.authority != nil || broker.tls.certificate != nil
        if hasTLS, !broker.urls.contains(where: { $0.scheme == "amqps" }) {
            reader.warn("broker.tls is set, but no broker.url begins with amqps://: nothing will be encrypted")
        }
    }

    private func checkStores(_ reader: inout SettingsReader) {
        for (name, store) in stores.sorted(by: { $0.key < $1.key }) {
            let key = "stores.\(name).url"
            let parts = store.url.revealed.split(separator: "?", maxSplits: 1)
            guard parts.count == 2 else { continue }
            for pair in parts[1].split(separator: "&") {
                let member = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let parameter = String(member[0])
                guard store.url.scheme == "s3", StoreParameter(rawValue: parameter) != nil else {
                    let known = StoreParameter.allCases.map(\.rawValue).joined(separator: ", ")
                    reader.add(key, "parameter '\(parameter)' is not allowed; an s3 URL has \(known)")
                    continue
                }
                let value = member.count == 2 ? String(member[1]) : ""
                if parameter == StoreParameter.credential.rawValue { checkCredential(value, of: key, &reader) }
            }
        }
    }

    private func checkCredential(_ name: String, of key: String, _ reader: inout SettingsReader) {
        if case .s3 = credentials[name]?.content { return }
        // One that is there and faulty has its own lines.
        guard !reader.names(below: "credentials").contains(name) || credentials[name] != nil else { return }
        let known = credentials.filter { if case .s3 = $0.value.content { true } else { false } }.keys.sorted()
        let choice = known.isEmpty ? "there is none" : "there is \(known.joined(separator: ", "))"
        reader.add(key, "credential '\(name)' is no credential of type s3; \(choice)")
    }

    private func checkTimes(_ reader: inout SettingsReader) {
        if lease.renew * 2 >= lease.duration {
            reader.add(
                "lease.renew",
                "'\(lease.renew.configuredText)' must be less than half of lease.duration, "
                    + "'\(lease.duration.configuredText)', or one lost renewal ends the lease")
        }
        if retry.base > retry.max {
            reader.add(
                "retry.base",
                "'\(retry.base.configuredText)' is longer than retry.max, '\(retry.max.configuredText)'")
        }
        let timeouts = [("connect", fetch.timeouts.connect), ("header", fetch.timeouts.header)]
        for (name, timeout) in timeouts + [("stall", fetch.timeouts.stall)] where timeout > fetch.timeouts.total {
            reader.add(
                "fetch.timeouts.\(name)",
                "'\(timeout.configuredText)' is longer than fetch.timeouts.total, "
                    + "'\(fetch.timeouts.total.configuredText)'")
        }
    }

    private func checkListeners(_ reader: inout SettingsReader) {
        if admin.token == nil, !admin.listen.isLoopback, !reader.hasRejected(OperationKeys.adminToken, of: nil) {
            reader.add("admin.token", "is missing: admin.listen is \(admin.listen), which others can reach")
        }
        if admin.listen == health.listen, admin.listen.port != 0 {
            reader.add("health.listen", "is \(health.listen), like admin.listen; each needs a port of its own")
        }
    }
}

import ArgumentParser
import Catalog
import Foundation
import ImageModel
import ImageStore
import JobMessages
import LongshoreSettings
import QEMUConversion
import RabbitMQ
import Worker

/// `longshore doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check configuration, broker, catalog and stores, and say what is wrong.",
        discussion: "Changes nothing. Exits with the code of the first thing that is wrong.")

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let settings = try global.settings()
        var findings = [Finding("configuration", nil, "read, no problem found")]
        let catalog = await examineCatalog(settings, &findings)
        await examineBroker(settings, catalog: catalog, &findings)
        await examineStores(settings, catalog: catalog, &findings)
        await examineConversions(settings, catalog: catalog, &findings)
        report(findings)
        if let first = findings.compactMap(\.trouble).first {
            throw CommandTrouble(
                first.code, "\(findings.count { $0.trouble != nil }) of \(findings.count) checks failed")
        }
    }

    private struct Finding {
        let name: String
        let trouble: CommandTrouble?
        let text: String

        init(_ name: String, _ trouble: CommandTrouble?, _ text: String) {
            self.name = name
            self.trouble = trouble
            self.text = text
        }
    }

    private func examine<Value>(
        _ name: String, _ findings: inout [Finding],
        _ body: () async throws(CommandTrouble) -> (Value, String)
    ) async -> Value? {
        do throws(CommandTrouble) {
            let (value, text) = try await body()
            findings.append(Finding(name, nil, text))
            return value
        } catch {
            findings.append(Finding(name, error, error.message))
            return nil
        }
    }

    private func examineCatalog(_ settings: Settings, _ findings: inout [Finding]) async -> ImageCatalog? {
        let found: ImageCatalog?? = await examine("catalog", &findings) { () throws(CommandTrouble) in
            switch try CatalogAccess.look(at: settings) {
            case .catalog(let catalog):
                return (catalog, "\(settings.catalog.url)")
            case .notReady(let error):
                try requireWritable(settings.catalog.file)
                return (nil, "\(settings.catalog.url): \(error.message)")
            }
        }
        return found ?? nil
    }

    /// Finds now what would keep a worker from making something at a path: the first directory that is there.
    private func requireWritable(_ path: String?) throws(CommandTrouble) {
        guard let path else { return }
        var place = URL(fileURLWithPath: path)
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" { place.deleteLastPathComponent() }
        guard FileManager.default.isWritableFile(atPath: place.path) else {
            throw CommandTrouble(.usage, "\(path): \(place.path) cannot be written to by this user")
        }
    }

    private func examineBroker(_ settings: Settings, catalog: ImageCatalog?, _ findings: inout [Finding]) async {
        let access = await examine("broker", &findings) { () async throws(CommandTrouble) in
            let access = try BrokerAccess(settings.broker, role: "doctor", logger: global.quietLogger)
            try await access.requireReachable()
            return (access, access.configuration.endpoints.map(\.authority).joined(separator: ", "))
        }
        guard let access, let catalog else { return }
        _ = await examine("topology", &findings) { () async throws(CommandTrouble) in
            let unchecked = try await access.prepareTopology(.verify, for: catalog)
            return ((), (["prefix \"\(access.names.prefix)\""] + unchecked).joined(separator: "; "))
        }
        _ = await examine("dead letters", &findings) { () async throws(CommandTrouble) in
            do throws(RabbitMQError) {
                let count = try await RabbitMQAdmin.withSession(access.configuration) { admin throws(RabbitMQError) in
                    try await admin.queueStatus(access.names.dead).messages
                }
                return ((), "\(count) in \(access.names.dead)")
            } catch {
                throw CommandTrouble(error)
            }
        }
    }

    private func examineStores(_ settings: Settings, catalog: ImageCatalog?, _ findings: inout [Finding]) async {
        let stores = await examine("stores", &findings) { () throws(CommandTrouble) in
            (try StoreAccess.make(settings), "\(settings.stores.count) configured")
        }
        for (name, store) in (stores ?? [:]).sorted(by: { $0.key < $1.key }) {
            _ = await examine("store \(name)", &findings) { () async throws(CommandTrouble) in
                let state = try await state(of: store, catalog)
                if state == Self.vacancy { try requireWritable(settings.stores[name]?.url.localPath(scheme: "file")) }
                return ((), state)
            }
        }
    }

    /// Whose the store is, and what imports may still fill of it.
    private func state(of store: any SweptStore, _ catalog: ImageCatalog?) async throws(CommandTrouble) -> String {
        if let catalog, try await !StoreAccess.examine(store, for: catalog) { return Self.vacancy }
        let free: Int64?
        do throws(StoreError) {
            guard try await store.identity() != nil else { return Self.vacancy }
            free = try await store.freeBytes()
        } catch {
            throw CommandTrouble(error)
        }
        guard let free else { return "reachable" }
        let reserve = "\(ByteCount(store.reserveBytes)) kept free (reserve_bytes)"
        guard let catalog else { return "\(ByteCount(free)) free, \(reserve)" }
        return try await promises(of: store.name, free: free, catalog) + ", \(reserve)"
    }

    private static let vacancy = "nobody's yet; the first worker makes it this catalog's"

    /// What is free and what of it is promised.
    private func promises(
        of name: StoreName, free: Int64, _ catalog: ImageCatalog
    ) async throws(CommandTrouble) -> String {
        do throws(CatalogError) {
            let promised = try await catalog.read { try $0.promises(in: name).outstanding }
            return "\(ByteCount(free)) free, \(ByteCount(promised)) of it promised to imports"
        } catch {
            throw CommandTrouble(error)
        }
    }

    /// Whether `convert_to` can be done here.
    private func examineConversions(
        _ settings: Settings, catalog: ImageCatalog?, _ findings: inout [Finding]
    ) async {
        guard settings.worker.scratch != nil else {
            return findings.append(
                Finding("conversions", nil, "not done here: worker.scratch.path is not set"))
        }
        _ = await examine("conversions", &findings) { () async throws(CommandTrouble) in
            guard let converter = try await ConversionAccess.open(settings) else { return ((), "") }
            let sandbox = converter.sandboxReport
            if let problem = sandbox.problem { throw CommandTrouble(.usage, problem) }
            var parts = ["ready"]
            let free: Int64?
            do throws(StoreError) {
                free = try await converter.freeBytes()
            } catch {
                throw CommandTrouble(error)
            }
            if let free, let catalog {
                parts.append(try await promises(of: converter.scratch, free: free, catalog))
            }
            return ((), (parts + sandbox.weaknesses).joined(separator: "; "))
        }
    }

    private func report(_ findings: [Finding]) {
        guard !global.json else {
            Console.say(
                .array(
                    findings.map {
                        ["check": .string($0.name), "ok": .bool($0.trouble == nil), "message": .string($0.text)]
                    }
                ))
            return
        }
        var table = Table(["CHECK", "STATE", "DETAIL"])
        for finding in findings { table.add([finding.name, finding.trouble == nil ? "ok" : "WRONG", finding.text]) }
        for line in table.lines { Console.say(line) }
    }
}

import Catalog
import Foundation
import ImageSource
import ImageStore
import Logging
import LongshoreCommands
import LongshoreSettings
import Worker

/// The worker of `longshore worker`, with the same configuration from the environment, that dies when it is told:
///
///     crash-worker POINT [PASSAGE [ACTION]]
///
/// at the PASSAGE-th time (1) it comes to the POINT, by the ACTION (kill). See ``CrashPoint`` and ``Fuse/Action``.
@main
enum CrashWorker {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        guard let fuse = fuse(Array(CommandLine.arguments.dropFirst())) else {
            complain("usage: crash-worker POINT [PASSAGE [ACTION]]")
            exit(2)
        }
        do {
            let (settings, _) = try Settings.load(file: nil, environment: ProcessInfo.processInfo.environment)
            var logger = Logger(label: "crash-worker") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .info
            try await WorkerAssembly.run(settings, FusedPorts(fuse: fuse), logger: logger)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    private static func fuse(_ words: [String]) -> Fuse? {
        guard let point = words.first.flatMap(CrashPoint.init),
            let passage = words.count > 1 ? Int(words[1]) : 1,
            let action = words.count > 2 ? Fuse.Action(rawValue: words[2]) : .kill
        else { return nil }
        if point == .port(.migration) { MigrationFuse.arm(statement: passage) }
        return Fuse(point, passage: passage, action)
    }

    private static func complain(_ sentence: String) {
        FileHandle.standardError.write(Data("\(sentence)\n".utf8))
    }
}

/// All adapters of a worker with one fuse.
struct FusedPorts: PortDecoration {
    let fuse: Fuse

    func decorate(_ database: any CatalogDatabase) -> any CatalogDatabase {
        FusedDatabase(base: database, fuse: fuse)
    }

    func decorate(_ store: any ImageStore) -> any ImageStore {
        guard let swept = store as? any SweptStore else { return store }
        return FusedStore(base: swept, fuse: fuse)
    }

    func decorate(_ source: any ImageSource) -> any ImageSource {
        FusedSource(base: source, fuse: fuse)
    }

    func decorate(_ queues: BrokerJobQueues) -> FusedQueues {
        FusedQueues(base: queues, fuse: fuse)
    }

    func decorate(_ exchange: BrokerEventExchange) -> FusedExchange {
        FusedExchange(base: exchange, fuse: fuse)
    }
}

import Catalog
import ImageStore
import LongshoreSettings
import RabbitMQ

/// The exit codes of CONTRACT section 6.
enum CommandExit: Int32 {
    case failed = 1
    case usage = 2
    case brokerUnreachable = 3
    case catalogUnreachable = 4
    case notFound = 5
    case unsafe = 6
    case timeout = 124
    case interrupted = 130
}

/// Why a command did not do what it was asked to: a sentence for people and a code for programs.
struct CommandTrouble: Error {
    let code: CommandExit
    let message: String
    /// Whether the same may succeed later, without anybody's doing.
    let mayPass: Bool

    init(_ code: CommandExit, _ message: String, mayPass: Bool = false) {
        self.code = code
        self.message = message
        self.mayPass = mayPass
    }

    init(_ error: RabbitMQError) {
        let isUsage = error.code == .invalidConfiguration
        self.init(
            isUsage ? .usage : .brokerUnreachable, "broker: \(error.message)",
            mayPass: error.retryability != .permanent)
    }

    init(_ error: CatalogError) {
        self.init(.catalogUnreachable, "catalog: \(error.message)", mayPass: error.code == .unavailable)
    }

    init(_ error: SettingsError) {
        self.init(.usage, "configuration:\n\(error.problems.map { "  \($0)" }.joined(separator: "\n"))")
    }

    /// A store that is away is nobody's wrong usage: who starts a worker again and again may succeed.
    init(_ error: StoreError) {
        self.init(
            error.isTransient ? .failed : .usage, "store: \(error.message)", mayPass: error.isTransient)
    }
}

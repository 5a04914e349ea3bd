import Foundation
import ImageModel
import Logging
import Worker

extension ServiceReporter {
    /// What tells the service manager that started this process; nil when none did, or none that listens.
    static func ofEnvironment(_ logger: Logger) throws(CommandTrouble) -> ServiceReporter? {
        do throws(NotifySocket.Unusable) {
            guard let socket = try NotifySocket(environment: ProcessInfo.processInfo.environment) else { return nil }
            return ServiceReporter(
                watchdog: socket.watchdog, time: SystemTime(), logger: logger, send: socket.send)
        } catch {
            throw CommandTrouble(.usage, error.description)
        }
    }
}

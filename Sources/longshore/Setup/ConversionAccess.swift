import ImageConversion
import ImageStore
import Logging
import LongshoreSettings
import QEMUConversion

/// What this worker converts images with.
enum ConversionAccess {
    /// The converter, when there is scratch space for it; says at once what it lacks.
    static func open(_ settings: Settings, logger: Logger) async throws(CommandTrouble) -> QEMUConverter? {
        guard settings.worker.roles.contains(.run), let converter = try await open(settings) else { return nil }
        let sandbox = converter.sandboxReport
        if let problem = sandbox.problem {
            logger.warning("Jobs that ask for a conversion will fail", metadata: ["reason": "\(problem)"])
        }
        for weakness in sandbox.weaknesses {
            logger.warning("Conversions run with less protection", metadata: ["reason": "\(weakness)"])
        }
        return converter
    }

    /// The same, for whoever asks for its report.
    static func open(_ settings: Settings) async throws(CommandTrouble) -> QEMUConverter? {
        guard let path = settings.worker.scratch else { return nil }
        do throws(StoreError) {
            return try await QEMUConverter(path: path)
        } catch {
            throw CommandTrouble(error)
        }
    }
}

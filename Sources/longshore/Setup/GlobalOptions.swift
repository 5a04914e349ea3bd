import ArgumentParser
import Foundation
import Logging
import LongshoreSettings

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration file; else LONGSHORE_CONFIG names it, else ./longshore.yaml if there is one.",
            valueName: "file"))
    var config: String?

    @Flag(help: "Print data as JSON.")
    var json = false

    @Option(help: ArgumentHelp("Log from this level: trace, debug, info, notice, warning, error.", valueName: "level"))
    var logLevel: Logger.Level = .info

    /// Reads the configuration and warns of what is hardly meant.
    func settings() throws -> Settings {
        do throws(SettingsError) {
            let (settings, warnings) = try Settings.load(file: config, environment: ProcessInfo.processInfo.environment)
            for warning in warnings { Console.warn(warning) }
            return settings
        } catch {
            throw CommandTrouble(error)
        }
    }

    /// Where things log: standard error, never standard output.
    func logger(_ label: String, atLeast level: Logger.Level = .trace) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = max(logLevel, level)
        return logger
    }

    /// For commands that people look at: they say themselves what went wrong.
    var quietLogger: Logger { logger("longshore", atLeast: .critical) }
}

import Testing

@testable import LongshoreSettings

/// Loads settings from a text and variables alone; `longshore.yaml` of the working directory plays no part.
func load(_ yaml: String = "", _ environment: [String: String] = [:]) throws -> Settings {
    try loadWithWarnings(yaml, environment).0
}

func loadWithWarnings(_ yaml: String = "", _ environment: [String: String]) throws -> (Settings, warnings: [String]) {
    let file = try TemporaryFile(yaml)
    return try withExtendedLifetime(file) { try Settings.load(file: file.path, environment: environment) }
}

/// The problems of settings that must not load.
func problems(
    _ yaml: String = "", _ environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
) throws -> [SettingsError.Problem] {
    do {
        _ = try load(yaml, environment)
        Issue.record("These settings must be refused.", sourceLocation: sourceLocation)
        return []
    } catch let error as SettingsError {
        return error.problems
    }
}

import ImageJobs
import ImageModel
import Logging

/// Tries what may be away for a while: a worker often starts together with its broker.
struct Startup {
    let patience: Duration
    let time: any TimeSource
    let logger: Logger

    /// Repeats `body` while what stops it may pass, for as long as the patience lasts.
    func attempt<Result>(
        _ body: () async throws(CommandTrouble) -> Result
    ) async throws -> Result {
        let begun = time.now()
        var tries = 0
        while true {
            do throws(CommandTrouble) {
                return try await body()
            } catch {
                guard error.mayPass, time.now() - begun < patience else { throw error }
                logger.warning("Not ready yet; trying again", metadata: ["reason": "\(error.message)"])
            }
            tries += 1
            let pause = Backoff(base: .milliseconds(250), max: .seconds(5)).delay(after: tries, random: SystemRandom())
            try await time.sleep(for: pause)
        }
    }
}

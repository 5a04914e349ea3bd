import Catalog
import Foundation
import Glibc
import ImageModel

/// The clocks of the host whose workers share the file.
///
/// Leases are judged by CLOCK_BOOTTIME together with the id of the boot: it never goes back, counts suspended time, and
/// a lease of another boot has ended with that boot. Waits are kept by the time of day; ``ClockSteps`` moves them when
/// it is set.
struct HostClock: Sendable {
    /// The kernel's random id of this boot.
    let bootID: String

    init() throws {
        let path = "/proc/sys/kernel/random/boot_id"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CatalogError(.unusable, "\(path) cannot be read, so leases cannot be judged")
        }
        bootID = text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Microseconds since boot.
    var sinceBoot: Int64 {
        Self.read(CLOCK_BOOTTIME)
    }

    /// The time of day.
    var now: Timestamp {
        Timestamp(microseconds: Self.read(CLOCK_REALTIME))
    }

    /// How many microseconds the time of day is ahead of the time since boot; nil when this thread was held up between
    /// the looks at both. It changes by steps only when somebody sets the clock.
    var ahead: Int64? {
        for _ in 0..<8 {
            let before = sinceBoot
            let timeOfDay = Self.read(CLOCK_REALTIME)
            let after = sinceBoot
            if after - before < 10_000 { return timeOfDay - after }
        }
        return nil
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}

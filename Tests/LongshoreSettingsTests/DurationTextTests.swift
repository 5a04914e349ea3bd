import Testing

@testable import LongshoreSettings

@Suite("Durations as text")
struct DurationTextTests {
    @Test(
        "A number with a unit is a duration, and comes back as the same text",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("5m", .seconds(300)),
            ("24h", .seconds(86_400)), ("30d", .seconds(2_592_000)), ("0", .zero), ("1ms", .milliseconds(1)),
            ("90s", .seconds(90)), ("36525d", .seconds(36_525 * 86_400)),
        ])
    func parses(text: String, duration: Duration) {
        #expect(Duration(configured: text) == duration)
        #expect(Duration(configured: duration.configuredText) == duration)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "30", "s", "-1s", "1.5h", "1 h", "1h30m", "٣s", "30S", "1w", "36526d", "99999999999999999999s",
            "9223372036854775807d", "+1s", "1s ",
        ])
    func refuses(text: String) {
        #expect(Duration(configured: text) == nil)
    }
}

import ImageModel
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "RFC 3339 is read whatever its offset and fraction",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00.5z", 500_000), ("1970-01-01 01:00:00+01:00", 0),
            ("1969-12-31T23:59:59.999999Z", -1), ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
            ("2000-02-29T12:00:00-11:30", 951_867_000_000_000), ("2026-12-01T00:00:00Z", 1_796_083_200_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000), ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
            ("1970-01-01T00:00:00.1234567Z", 123_456),
        ])
    func reads(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "2026-12-01", "2026-12-01T00:00:00", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-12-01T24:00:00Z",
            "2026-12-01T00:60:00Z", "2026-12-01T00:00:61Z", "2026-12-01T00:00:00.Z", "2026-12-01T00:00:00+24:00",
            "2026-12-01T00:00:00+01", "2026-12-01T00:00:00ZZ", " 2026-12-01T00:00:00Z", "26-12-01T00:00:00Z",
            "2026-12-01T00:00:00+0100", "+026-12-01T00:00:00Z", "٢٠٢٦-12-01T00:00:00Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("What is written is read back, to the millisecond that is written")
    func roundTrip() {
        var microseconds: Int64 = -62_167_219_200_000_000
        while microseconds < 253_402_300_799_000_000 {
            let moment = Timestamp(microseconds: microseconds)
            #expect(Timestamp(rfc3339: moment.description)?.microseconds == microseconds)
            microseconds += 86_399_999_000 * 997
        }
        #expect(Timestamp(microseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test("Time is added and subtracted in microseconds")
    func arithmetic() {
        let start = Timestamp(microseconds: 1_000_000)
        #expect((start + .milliseconds(1)).microseconds == 1_001_000)
        #expect(start + .seconds(2) - start == .seconds(2))
        #expect(start < start + .microseconds(1))
        #expect(Duration.milliseconds(1_500).wholeMicroseconds == 1_500_000)
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
    }
}

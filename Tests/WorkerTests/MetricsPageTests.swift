import Testing
import Worker

@Suite("A page of metrics")
struct MetricsPageTests {
    @Test("Has help and type before the values, labels in their order, whole numbers without a point")
    func format() {
        var page = MetricsPage()
        page.add(gauge: "a_seconds", "How long.", [(["z": "1", "b": "2"], 0.5), ([:], 3)])
        #expect(
            page.text == """
                # HELP a_seconds How long.
                # TYPE a_seconds gauge
                a_seconds{b="2",z="1"} 0.5
                a_seconds 3

                """)
    }

    @Test("Escapes what would end a label early, and leaves a metric without values out")
    func escapes() {
        var page = MetricsPage()
        page.add(gauge: "none", "Nothing.", [])
        page.add(gauge: "a", "A.", [(["name": "back\\slash \"quoted\"\nline"], 1)])
        #expect(page.text.contains("a{name=\"back\\\\slash \\\"quoted\\\"\\nline\"} 1\n"))
        #expect(!page.text.contains("none"))
    }
}

/// A page of gauges in the text format of Prometheus, version 0.0.4.
///
/// Source: "Exposition formats", prometheus.io.
public struct MetricsPage: Sendable {
    /// What a scraper is told the page is.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The page so far; every line ends with a line feed.
    public private(set) var text = ""

    /// An empty page.
    public init() {}

    /// Adds a metric with all its values.
    ///
    /// - Parameters:
    ///   - name: Letters, digits and `_`; with its unit at the end.
    ///   - help: What it says, in one line.
    ///   - samples: One value for each set of labels; none leaves the metric out.
    public mutating func add(gauge name: String, _ help: String, _ samples: [(labels: [String: String], value: Double)])
    {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
        for sample in samples {
            let labels = sample.labels.sorted { $0.key < $1.key }
                .map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
            text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(sample.value))\n"
        }
    }

    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}

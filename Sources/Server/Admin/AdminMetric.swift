internal import Measure

/// One metric of `/api/v5/prometheus/stats`. Declared once in the catalogue; the text, `ctl broker metrics`, the
/// dashboard's test and the documentation loop over it.
package struct AdminMetric: Sendable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    /// EMQX's name where EMQX has the metric (reference 5.1), else `dstune_` and, for a counter, `_total`.
    package let name: String
    package let kind: Kind
    package let help: String
    /// What it says of one look at the broker; nothing where its source does not exist.
    let read: @Sendable (Observation) -> [Sample]

    struct Sample: Sendable {
        enum Value: Sendable {
            case number(Double)
            case latencies(LatencyBuckets)
        }

        var labels: [(name: String, value: String)] = []
        var value: Value

        init(_ value: Double, _ labels: [(String, String)] = []) {
            self.labels = labels.map { (name: $0.0, value: $0.1) }
            self.value = .number(value)
        }

        init(_ value: Int, _ labels: [(String, String)] = []) { self.init(Double(value), labels) }

        init(_ latencies: LatencyBuckets, _ labels: [(String, String)]) {
            self.labels = labels.map { (name: $0.0, value: $0.1) }
            value = .latencies(latencies)
        }
    }

    init(
        _ name: String, _ kind: Kind, _ help: String,
        _ read: @escaping @Sendable (Observation) -> [Sample]
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.read = read
    }

    /// All of them, in the order of the text.
    package static let catalogue: [AdminMetric] =
        information + messages + storage + engine + process
}

/// Prometheus' text format, version 0.0.4.
enum Exposition {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func text(_ observation: Observation) -> String {
        var text = ""
        for metric in AdminMetric.catalogue {
            let samples = metric.read(observation)
            guard !samples.isEmpty else { continue }
            text += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n"
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in samples { append(sample, of: metric.name, to: &text) }
        }
        return text
    }

    private static func append(
        _ sample: AdminMetric.Sample, of name: String, to text: inout String
    ) {
        switch sample.value {
        case .number(let value):
            line(name, sample.labels, value, to: &text)
        case .latencies(let latencies):
            var sum = 0
            for (index, count) in latencies.counts.enumerated() {
                sum += count
                let end =
                    index < LatencyBuckets.bounds.count
                    ? number(Double(LatencyBuckets.bounds[index]) / 1e9) : "+Inf"
                line(name + "_bucket", sample.labels + [("le", end)], Double(sum), to: &text)
            }
            line(name + "_sum", sample.labels, latencies.sum.seconds, to: &text)
            line(name + "_count", sample.labels, Double(sum), to: &text)
        }
    }

    private static func line(
        _ name: String, _ labels: [(name: String, value: String)], _ value: Double,
        to text: inout String
    ) {
        text += name
        if !labels.isEmpty {
            text += "{"
            for (index, label) in labels.enumerated() {
                if index > 0 { text += "," }
                text += "\(label.name)=\"\(escaped(label.value, quotes: true))\""
            }
            text += "}"
        }
        text += " \(number(value))\n"
    }

    /// Whole numbers without a fraction; others as they read back exactly.
    static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// Backslash and line feed, and in label values the quotation mark.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}

import Foundation
import Server
import TestSupport
import Testing

/// The Grafana dashboard asks for what the broker has.
@Suite struct DashboardTests {
    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable {
                let expr: String
            }

            let id: Int
            let title: String
            let targets: [Target]?
        }

        struct Templating: Decodable {
            struct Variable: Decodable {
                let name: String
                let query: String
            }

            let list: [Variable]
        }

        let panels: [Panel]
        let templating: Templating
    }

    private func read() throws -> Dashboard {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let file = root.appendingPathComponent("Profiles/grafana/dstune.json")
        return try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file))
    }

    /// Fails if a metric is renamed in one place only.
    @Test func everyQueryNamesMetricsOfTheCatalogue() throws {
        let dashboard = try read()
        var known: Set<String> = []
        for metric in AdminMetric.catalogue {
            known.formUnion(
                metric.kind == .histogram
                    ? ["_bucket", "_sum", "_count"].map { metric.name + $0 } : [metric.name])
        }
        let queries =
            dashboard.panels.flatMap { $0.targets ?? [] }.map(\.expr)
            + dashboard.templating.list.map(\.query)
        #expect(dashboard.panels.filter { $0.targets?.isEmpty == false }.count > 10)
        var asked: Set<String> = []
        for query in queries {
            for match in query.matches(of: /(emqx|dstune)_[a-z0-9_]+/) {
                let name = String(match.output.0)
                asked.insert(name)
                #expect(known.contains(name), "\(name) in \(query)")
            }
        }
        #expect(asked.contains("dstune_stalls_total"))
        #expect(asked.contains("dstune_acknowledgement_seconds_bucket"))
        #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
    }
}

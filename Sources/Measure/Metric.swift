/// Something a trial reports. Declared once in the catalogue; the store, the advisor and the report
/// loop over it and never switch over metric names.
package struct Metric: Identifiable, Sendable {
    package enum Unit: String, Sendable { case seconds, bytes, count, ratio, perSecond }
    package enum Better: Sendable { case lower, higher, neither }

    /// Where its value comes from.
    package enum Source: Sendable, Equatable {
        /// A histogram of the trial, by name, at a percentile (0 to 100).
        case latency(String, percentile: Double)
        /// Growth of a RocksDB ticker over the measured window (names of `TickersNameMap`,
        /// `rocksdb/statistics.h`), and the factor from its unit to ours.
        case ticker(String, times: Double = 1)
        /// A number that the trial counts itself.
        case counter(String)
    }

    /// Column key in the study store and JSON key: never renamed. Carries the unit.
    package let id: String
    package let title: String
    package let unit: Unit
    package let better: Better
    package let source: Source
    /// Shown in the table of trials; the others are in `results.json`.
    package let headline: Bool

    package init(
        id: String, title: String, unit: Unit, better: Better, source: Source,
        headline: Bool = false
    ) {
        self.id = id
        self.title = title
        self.unit = unit
        self.better = better
        self.source = source
        self.headline = headline
    }
}

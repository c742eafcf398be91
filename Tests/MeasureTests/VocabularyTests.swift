import Foundation
import Measure
import Testing

@Suite struct VocabularyTests {
    @Test(arguments: [
        (Bytes(0), "0 B"), (Bytes(1_023), "1023 B"), (.kib(1), "1 KiB"), (.mib(64), "64 MiB"),
        (Bytes(1_536), "1.5 KiB"), (.gib(2), "2 GiB"), (Bytes(1 << 20 | 1), "1.0 MiB"),
    ]) func sizesReadAsPeopleWriteThem(_ size: Bytes, _ text: String) {
        #expect(size.description == text)
    }

    @Test func aBranchOfASeedIsItsOwnAndRepeatable() {
        var a = Seed(1).branch("replay"), b = Seed(1).branch("replay"), c = Seed(1).branch("search")
        let first = (0..<8).map { _ in a.next() }
        #expect(first == (0..<8).map { _ in b.next() })
        #expect(first != (0..<8).map { _ in c.next() })
    }

    @Test func metricsAreKnownByOneNameEach() {
        let ids = Metric.catalogue.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(Metric.find(Metric.objective)?.better == .lower)
    }

    /// JSON keys carry their unit, as the design promises.
    @Test(arguments: Metric.catalogue.map(\.id)) func metricIDsCarryTheirUnit(_ id: String) throws {
        let metric = try #require(Metric.find(id))
        switch metric.unit {
        case .seconds: #expect(id.hasSuffix("_s"))
        case .bytes: #expect(id.contains("_bytes"))
        case .perSecond: #expect(id.hasSuffix("_per_s"))
        case .count, .ratio: #expect(!id.hasSuffix("_s") && !id.contains("_bytes"))
        }
    }

    @Test func environmentsThatDifferSayInWhat() {
        let here = Environment(
            version: "1", optimised: true, rocksdb: "7.8.3", cpu: "x", cores: 2, memory: .gib(8),
            kernel: "6.1", governor: "unknown", filesystem: "ext4", syncMedian: .microseconds(300))
        var there = here
        there.rocksdb = "9.10.0"
        there.syncMedian = .milliseconds(4)
        #expect(here.differences(from: here).isEmpty)
        #expect(here.differences(from: there) == ["RocksDB: 9.10.0 then, 7.8.3 now"])
    }

    @Test func thisMachineCanBeProbed() throws {
        let here = try Environment.probe(
            directory: NSTemporaryDirectory(), version: "test", rocksdb: "7.8.3")
        #expect(here.cores > 0)
        #expect(here.memory > .mib(1))
        #expect(here.filesystem != "unknown")
        #expect(throws: EnvironmentError.self) {
            try Environment.probe(directory: "/proc/1/none", version: "test", rocksdb: "")
        }
    }
}
